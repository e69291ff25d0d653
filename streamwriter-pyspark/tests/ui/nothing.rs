use streamwriter_pyspark::export;

export! {}

fn main() {}
