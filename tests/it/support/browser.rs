//! A real browser: Debian's Chromium through its driver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use axum::http::Method;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, json};
use url::Url;

/// How often a driver or its browser is started at most.
const TRIES: u32 = 3;

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
        let (mut driver, port) = match driver() {
            Ok(started) => started,
            Err(e) if std::env::var("CI").is_ok() => panic!("chromedriver does not start ({e}): run `make test`"),
            Err(_) => return None,
        };
        // A loaded machine may take longer than the driver waits for its browser.
        let mut tries = 0;
        loop {
            let profile = tempfile::tempdir().expect("a temporary directory");
            let opened = ClientBuilder::new(HttpConnector::new())
                .capabilities(capabilities(profile.path(), width, height))
                .connect(&format!("http://127.0.0.1:{port}"))
                .await;
            tries += 1;
            match opened {
                Ok(window) => return Some(Self { window, driver, _profile: profile }),
                Err(_) if tries < TRIES => {}
                Err(e) => {
                    let _ = driver.kill();
                    panic!("no browser window: {e}")
                }
            }
        }
    }

    /// Shows pages as on a screen of so many pixels; a window cannot be as narrow as a phone.
    pub async fn screen(&self, width: u32, height: u32) {
        self.window.issue_cmd(Screen { width, height }).await.expect("a screen of that size");
    }

    /// Closes the window and ends the driver.
    pub async fn close(mut self) {
        let _ = self.window.clone().close().await;
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A command of Chromium's own protocol (`Emulation.setDeviceMetricsOverride`), which its driver hands on.
#[derive(Debug)]
struct Screen {
    width: u32,
    height: u32,
}

impl WebDriverCompatibleCommand for Screen {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let params = json!({"width": self.width, "height": self.height, "deviceScaleFactor": 1, "mobile": false});
        let body = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": params});
        (Method::POST, Some(body.to_string()))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
    }
}

/// A driver that has told its port, and the port. One that ends before (another program took the port it had chosen) is
/// started again.
fn driver() -> std::io::Result<(Child, u16)> {
    let mut said = String::new();
    for _ in 0..TRIES {
        let mut driver =
            Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        match announced_port(&mut driver) {
            Ok(port) => return Ok((driver, port)),
            Err(words) => said = words,
        }
        let _ = driver.kill();
        let _ = driver.wait();
    }
    Err(std::io::Error::other(format!("it told no port: {said}")))
}

/// `ChromeDriver was started successfully on port 41234.` Waited for as long as the driver lives; else what it said.
fn announced_port(driver: &mut Child) -> Result<u16, String> {
    let lines = BufReader::new(driver.stdout.take().expect("stdout is piped")).lines();
    let (mut lines, mut said) = (lines.map_while(Result::ok), String::new());
    let tells = |line: &String| {
        said.push_str(line);
        line.contains("started successfully on port")
    };
    let Some(line) = lines.find(tells) else { return Err(said) };
    let digits: String =
        line.chars().rev().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    // The pipe must be read on, or the driver blocks when it is full.
    std::thread::spawn(move || lines.for_each(drop));
    Ok(digits.chars().rev().collect::<String>().parse().expect("a port"))
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
