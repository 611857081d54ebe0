//! A real browser: Debian's Chromium through its driver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, json};

/// A driver and one browser window; both end with it.
pub struct Browser {
    /// The window.
    pub window: Client,
    driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts Chromium without a screen, `width` by `height` pixels. Under CI a missing driver is a failure; elsewhere
    /// the caller gets `None` and leaves its test out.
    pub async fn start(width: u32, height: u32) -> Option<Self> {
        let started = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut driver = match started {
            Ok(driver) => driver,
            Err(e) if std::env::var("CI").is_ok() => panic!("chromedriver does not start ({e}): run `make test`"),
            Err(_) => return None,
        };
        let port = announced_port(&mut driver);
        let profile = tempfile::tempdir().expect("a temporary directory");
        let window = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(profile.path(), width, height))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser window");
        Some(Self { window, driver, _profile: profile })
    }

    /// Closes the window and ends the driver.
    pub async fn close(mut self) {
        let _ = self.window.clone().close().await;
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
    }
}

/// `ChromeDriver was started successfully on port 41234.`
fn announced_port(driver: &mut Child) -> u16 {
    let lines = BufReader::new(driver.stdout.take().expect("stdout is piped")).lines();
    let mut lines = lines.map_while(Result::ok);
    let line = lines.find(|l| l.contains("started successfully on port")).expect("the driver tells its port");
    let digits: String =
        line.chars().rev().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    // The pipe must be read on, or the driver blocks when it is full.
    std::thread::spawn(move || lines.for_each(drop));
    digits.chars().rev().collect::<String>().parse().expect("a port")
}

fn capabilities(profile: &std::path::Path, width: u32, height: u32) -> Map<String, serde_json::Value> {
    let options = json!({
        "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            format!("--user-data-dir={}", profile.display()),
            format!("--window-size={width},{height}"),
        ]
    });
    let mut all = Map::new();
    all.insert("goog:chromeOptions".to_owned(), options);
    all
}
