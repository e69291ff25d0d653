impl<T: Render> Webhook<T> {
    const LIMIT: usize = 3;
    fn helper(&self) {}
    fn write(&self, task: &TaskContext, rows: impl Rows<Item = T> + Send) -> Posted {
        todo!()
    }
    fn commit(
        &self,
        batch: BatchId,
        messages: &[Posted],
        totals: PostedTotals,
    ) -> io::Result<()> {
        todo!()
    }
    #[cfg(unix)]
    fn abort(&self, messages: Vec<Option<Posted>>, batch: u64) {}
}
#[automatically_derived]
impl<T: Render> ::streamwriter_core::__private::StreamWriter for Webhook<T>
where
    Webhook<T>: ::core::marker::Send + ::core::marker::Sync + 'static,
{
    type Message = <Posted as ::streamwriter_core::__private::WriteOutput>::Message;
    type Error = ::streamwriter_core::__private::BoxError;
    fn name(&self) -> &str {
        #[allow(unused_imports)]
        use ::streamwriter_core::__private::NamelessWriter as _;
        match Self::__STREAM_WRITER_NAME {
            ::core::option::Option::Some(__name) => __name,
            ::core::option::Option::None => "webhook",
        }
    }
    fn guarantee(&self) -> ::streamwriter_core::__private::Guarantee {
        ::streamwriter_core::__private::Guarantee::ExactlyOnce
    }
    #[allow(unused_parens)]
    fn target(
        &self,
    ) -> ::core::option::Option<&dyn ::streamwriter_core::__private::Target> {
        ::core::option::Option::Some(&(self.staging))
    }
    #[allow(unused_variables)]
    fn commit(
        &self,
        __messages: ::std::vec::Vec<
            <Self as ::streamwriter_core::__private::StreamWriter>::Message,
        >,
        __batch: &::streamwriter_core::__private::BatchContext,
    ) -> ::core::result::Result<(), ::streamwriter_core::__private::BoxError> {
        let __messages: ::std::vec::Vec<
            ::core::option::Option<
                <Self as ::streamwriter_core::__private::StreamWriter>::Message,
            >,
        > = ::streamwriter_core::__private::all_some(__messages);
        let __arg_2 = ::streamwriter_core::__private::totals_of_some::<
            <Self as ::streamwriter_core::__private::StreamWriter>::Message,
        >(&__messages);
        let __arg_1 = <[Posted] as ::streamwriter_core::__private::BorrowMessages<
            <Self as ::streamwriter_core::__private::StreamWriter>::Message,
        >>::own_messages(__messages);
        let __arg_1: &[Posted] = ::core::borrow::Borrow::borrow(&__arg_1);
        <io::Result<
            (),
        > as ::streamwriter_core::__private::CommitOutput>::into_output(
            Self::commit(self, __batch.batch_id(), __arg_1, __arg_2),
        )
    }
    #[cfg(unix)]
    #[allow(unused_variables)]
    fn abort(
        &self,
        __messages: ::std::vec::Vec<
            ::core::option::Option<
                <Self as ::streamwriter_core::__private::StreamWriter>::Message,
            >,
        >,
        __batch: &::streamwriter_core::__private::BatchContext,
    ) -> ::core::result::Result<(), ::streamwriter_core::__private::BoxError> {
        let __messages: ::std::vec::Vec<
            ::core::option::Option<
                <Self as ::streamwriter_core::__private::StreamWriter>::Message,
            >,
        > = __messages;
        let __arg_0 = <Vec<
            Option<Posted>,
        > as ::streamwriter_core::__private::FromMessages<
            <Self as ::streamwriter_core::__private::StreamWriter>::Message,
        >>::from_messages(__messages);
        <() as ::streamwriter_core::__private::CommitOutput>::into_output(
            Self::abort(self, __arg_0, __batch.batch_id().get()),
        )
    }
}
#[automatically_derived]
impl<T: Render> ::streamwriter_core::__private::WriteRows<T> for Webhook<T>
where
    Webhook<T>: ::core::marker::Send + ::core::marker::Sync + 'static,
{
    fn write(
        &self,
        __rows: impl ::streamwriter_core::__private::Rows<
            Item = T,
        > + ::core::marker::Send,
        __task: &::streamwriter_core::__private::TaskContext,
    ) -> ::core::result::Result<
        <Self as ::streamwriter_core::__private::StreamWriter>::Message,
        ::streamwriter_core::__private::BoxError,
    > {
        <Posted as ::streamwriter_core::__private::WriteOutput>::into_output(
            Self::write(self, __task, __rows),
        )
    }
}
#[automatically_derived]
impl<T: Render> ::streamwriter_core::__private::SinkRow<T> for Webhook<T>
where
    Webhook<T>: ::core::marker::Send + ::core::marker::Sync + 'static,
{}
