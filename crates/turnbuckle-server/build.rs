//! Builds the server anew when the pages of the console were: `ui/dist` holds them, and is
//! there without them too.

fn main() {
    println!("cargo:rerun-if-changed=../../ui/dist");
}
