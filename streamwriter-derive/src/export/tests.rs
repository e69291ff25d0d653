use quote::quote;

use super::try_expand;

fn error(input: proc_macro2::TokenStream) -> String {
    try_expand(input, Some("webhooks")).unwrap_err().to_string()
}

#[test]
fn a_module_has_the_name_of_the_crate_and_a_class_for_each_sink() {
    let output = try_expand(quote!(Webhook, sinks::Other,), Some("webhooks")).unwrap();
    let file = prettyplease::unparse(&syn::parse2(output).unwrap());
    assert!(file.contains("name = \"webhooks\""), "{file}");
    assert!(file.contains("\"Webhook\""), "{file}");
    assert!(file.contains("\"Other\""), "{file}");
}

#[test]
fn mistakes_say_what_to_write() {
    assert!(error(quote!()).contains("export! { Webhook }"));
    assert!(error(quote!(a::Sink, b::Sink)).contains("two sinks `Sink`"));
    assert!(error(quote!(DefaultSource)).contains("rename"));
    assert!(try_expand(quote!(Webhook), None).is_err());
}
