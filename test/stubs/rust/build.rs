use std::{env, fs, path::PathBuf};

fn main() {
    let root = PathBuf::from(env::var("SOCKBROKER_PROTO").expect("SOCKBROKER_PROTO is the directory proto/"));
    let files: Vec<PathBuf> = fs::read_dir(root.join("sockbroker/v1"))
        .expect("proto/ is there")
        .map(|entry| entry.expect("it is read").path())
        .collect();
    println!("cargo::rerun-if-env-changed=SOCKBROKER_PROTO");
    println!("cargo::rerun-if-changed={}", root.display());
    tonic_prost_build::configure().compile_protos(&files, &[root]).expect("the files compile");
}
