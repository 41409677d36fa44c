//! The schemas that editors read are those that the loader enforces.
//!
//! `WORKBENCH_BLESS=1 cargo test --test e2e schemas` writes them anew.

use std::fs;
use std::path::Path;

use workbench::catalog;

#[test]
fn shipped_schemas_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let bless = std::env::var_os("WORKBENCH_BLESS").is_some();
    for (name, schema) in catalog::schemas() {
        let path = folder.join(name);
        let wanted = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if bless {
            fs::write(&path, &wanted).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == wanted, "schemas/{name} is out of date: run with WORKBENCH_BLESS=1");
    }
}

#[test]
fn every_file_names_a_schema_that_is_shipped() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("workbench.yaml")];
    for folder in ["improvements", "agents"] {
        files.extend(fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    let files: Vec<_> = files.into_iter().filter(|path| path.extension().is_some_and(|ext| ext == "yaml")).collect();
    assert!(files.len() > 50, "{}", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let first = text.lines().next().unwrap_or_default();
        let schema =
            first.strip_prefix("# yaml-language-server: $schema=").unwrap_or_else(|| panic!("{}", file.display()));
        assert!(file.parent().unwrap().join(schema).is_file(), "{} names {schema}", file.display());
    }
}
