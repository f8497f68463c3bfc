//! Stages, out of the files of a directory.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, anyhow};

use super::{expect::Expected, request, yaml};

/// One request, and what must come of it.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The test's title, `911100-1`; with `#2`, `#3`… where a title is there again.
    pub id: String,
    /// The rule that its file is for: `911100`.
    pub file: String,
    /// What is sent.
    pub request: Vec<u8>,
    /// What must come of it.
    pub expected: Expected,
}

/// All stages below a directory, also of files that are off by default: these need limits that
/// [`ModSecurity`](crate::judge::ModSecurity) is given here. In the order of the files' paths.
///
/// # Errors
/// A file that can't be read, or is not understood to the last key.
pub fn load(directory: &Path) -> Result<Vec<Stage>> {
    let mut files = Vec::new();
    collect(directory, &mut files).with_context(|| format!("cannot read {}", directory.display()))?;
    files.sort();
    let mut seen = BTreeMap::new();
    let mut stages = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let rule = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let more = read(&text, &rule, &mut seen).with_context(|| format!("in {}", file.display()))?;
        stages.extend(more);
    }
    Ok(stages)
}

fn collect(directory: &Path, files: &mut Vec<std::path::PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|kind| kind == "yaml") {
            files.push(path);
        }
    }
    Ok(())
}

fn read(text: &str, file: &str, seen: &mut BTreeMap<String, u32>) -> Result<Vec<Stage>> {
    let read: yaml::File = serde_saphyr::from_str(text)?;
    let mut stages = Vec::new();
    for test in read.tests {
        for yaml::Wrapped { stage } in test.stages {
            let times = seen.entry(test.test_title.clone()).or_default();
            *times += 1;
            let id = match *times {
                1 => test.test_title.clone(),
                times => format!("{}#{times}", test.test_title),
            };
            let expected = Expected::read(&stage.output).map_err(|why| anyhow!("{id}: {why}"))?;
            let request = request::bytes(&stage.input).with_context(|| id.clone())?;
            stages.push(Stage { id, file: file.to_owned(), request, expected });
        }
    }
    Ok(stages)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"---
  meta:
    author: "someone"
    enabled: false
  tests:
    - test_title: 1-1
      desc: "said once"
      stages:
        - stage:
            input:
              dest_addr: "127.0.0.1"
              port: 80
              method: POST
              headers:
                Zebra: "z"
                Content-Length: 7
                apple: "a"
              data:
                - "one"
                - "two"
              stop_magic: true
            output:
              status: [403, 400]
    - test_title: 1-1
      stages:
        - stage:
            input:
              data: |
                --x

                --x--
              headers: {Content-Type: "multipart/form-data; boundary=x"}
            output:
              log_contains: id "911100"
              status: 200
"#;

    #[test]
    fn a_file_is_read_as_it_is_meant() {
        let stages = read(TEXT, "1", &mut BTreeMap::new()).expect("a file");
        let [first, second] = stages.as_slice() else { panic!("two stages: {stages:?}") };
        assert_eq!((first.id.as_str(), second.id.as_str()), ("1-1", "1-1#2"));
        let sent = String::from_utf8_lossy(&first.request).into_owned();
        assert_eq!(sent, "POST / HTTP/1.1\r\nZebra: z\r\nContent-Length: 7\r\napple: a\r\n\r\none\r\ntwo");
        assert_eq!(first.expected.status, [403, 400]);
        assert!(second.request.ends_with(b"Content-Length: 14\r\n\r\n--x\r\n\r\n--x--\r\n"), "{second:?}");
        assert_eq!((second.expected.rule.as_deref(), &second.expected.status), (Some("911100"), &vec![200]));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        let with = |from: &str, to: &str| read(&TEXT.replace(from, to), "1", &mut BTreeMap::new());
        let vectors = [
            ("stop_magic: true", "stop_majic: true"),
            ("log_contains: id \"911100\"", "log_contains: something"),
            ("status: [403, 400]", "status: [forbidden]"),
            ("status: [403, 400]", "expect_error: false"),
            ("status: 200", "response_contains: x"),
        ];
        for (from, to) in vectors {
            assert!(with(from, to).is_err(), "{to}");
        }
        assert_eq!(vectors.len(), 5);
    }
}
