use streamwriter_pyspark::export;

struct Webhook;

export! { Webhook }

fn main() {}
