impl Webhook {
    async fn write(&self, rows: impl Rows<Item = String>) -> Result<Posted, Trouble> {
        todo!()
    }
    async fn commit(&self, batch: &BatchContext, totals: &PostedTotals) {
        todo!()
    }
    fn abort(&self, batch: u64) {}
}
#[automatically_derived]
impl sw::__private::StreamWriter for Webhook {
    type Message = Posted;
    type Error = sw::__private::BoxError;
    fn name(&self) -> &str {
        #[allow(unused_imports)]
        use sw::__private::NamelessWriter as _;
        match Self::__STREAM_WRITER_NAME {
            ::core::option::Option::Some(__name) => __name,
            ::core::option::Option::None => "webhook",
        }
    }
    #[allow(unused_variables)]
    fn commit(
        &self,
        __messages: ::std::vec::Vec<<Self as sw::__private::StreamWriter>::Message>,
        __batch: &sw::__private::BatchContext,
    ) -> ::core::result::Result<(), sw::__private::BoxError> {
        let __messages: ::std::vec::Vec<
            ::core::option::Option<<Self as sw::__private::StreamWriter>::Message>,
        > = sw::__private::all_some(__messages);
        let __arg_1 = sw::__private::totals_of_some::<
            <Self as sw::__private::StreamWriter>::Message,
        >(&__messages);
        <() as sw::__private::CommitOutput>::into_output({
            let __future = Self::commit(self, __batch, &__arg_1);
            match sw::__private::block_on_batch(__batch, __future) {
                ::core::result::Result::Ok(__output) => __output,
                ::core::result::Result::Err(__error) => {
                    return ::core::result::Result::Err(
                        ::core::convert::Into::<sw::__private::BoxError>::into(__error),
                    );
                }
            }
        })
    }
    #[allow(unused_variables)]
    fn abort(
        &self,
        __messages: ::std::vec::Vec<
            ::core::option::Option<<Self as sw::__private::StreamWriter>::Message>,
        >,
        __batch: &sw::__private::BatchContext,
    ) -> ::core::result::Result<(), sw::__private::BoxError> {
        let __messages: ::std::vec::Vec<
            ::core::option::Option<<Self as sw::__private::StreamWriter>::Message>,
        > = __messages;
        <() as sw::__private::CommitOutput>::into_output(
            Self::abort(self, __batch.batch_id().get()),
        )
    }
}
#[automatically_derived]
impl sw::__private::WriteRows<String> for Webhook {
    fn write(
        &self,
        __rows: impl sw::__private::Rows<Item = String> + ::core::marker::Send,
        __task: &sw::__private::TaskContext,
    ) -> ::core::result::Result<
        <Self as sw::__private::StreamWriter>::Message,
        sw::__private::BoxError,
    > {
        match {
            let __future = Self::write(self, __rows);
            match sw::__private::block_on_task(__task, __future) {
                ::core::result::Result::Ok(__output) => __output,
                ::core::result::Result::Err(__error) => {
                    return ::core::result::Result::Err(
                        ::core::convert::Into::<sw::__private::BoxError>::into(__error),
                    );
                }
            }
        } {
            ::core::result::Result::Ok(__message) => {
                ::core::result::Result::Ok(__message)
            }
            ::core::result::Result::Err(__error) => {
                ::core::result::Result::Err(
                    ::core::convert::Into::<sw::__private::BoxError>::into(__error),
                )
            }
        }
    }
}
#[automatically_derived]
impl sw::__private::SinkRow<String> for Webhook {}
