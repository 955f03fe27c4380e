import Foundation

/// A real browser without a window, which opens, measures and renders a page.
package struct HeadlessBrowser: Sendable {
    private let path: String

    /// - Throws: ``Failure`` if no browser is installed; `scripts/install-test-dependencies.sh` installs it.
    package init() throws {
        try Servers.require("the browser")
        let found = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        guard let found else { throw Failure("chromium-headless-shell not found; see scripts/") }
        path = found
    }

    /// Opens `html` in a window of the given size and returns the result of `script`, a JavaScript expression.
    ///
    /// The script is appended to a copy of the page without the policy that forbids scripts; its result must be
    /// representable in JSON.
    package func evaluate(_ script: String, html: String, width: Int, isDark: Bool = false) throws -> [String: Any] {
        let measuring = """
            <script>document.title = "measured"; const result = document.createElement("pre"); result.id = "result";
            result.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(\(script)))));
            document.documentElement.append(result)</script>
            """
        let page = html.replacing(/<meta http-equiv="Content-Security-Policy"[^>]*>/, with: "")
        let dom = try open(page + measuring, width: width, options: ["--dump-dom"], isDark: isDark)
        guard let start = dom.range(of: "<pre id=\"result\">"),
            let end = dom.range(of: "</pre>", range: start.upperBound..<dom.endIndex),
            let data = Data(base64Encoded: String(dom[start.upperBound..<end.lowerBound])),
            let result = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        else { throw Failure("the browser measured nothing: \(dom.suffix(300))") }
        return result
    }

    /// Returns the page's elements after its scripts have run, if the page allows scripts.
    package func elements(of html: String) throws -> String { try open(html, width: 1000, options: ["--dump-dom"]) }

    /// Returns the printed page as PDF.
    package func printed(_ html: String) throws -> Data {
        let folder = try TemporaryFolder()
        let file = folder.url.appending(path: "page.pdf")
        _ = try open(html, width: 1000, options: ["--print-to-pdf=\(file.path)"])
        return try withExtendedLifetime(folder) { try Data(contentsOf: file) }
    }

    private func open(_ html: String, width: Int, options: [String], isDark: Bool = false) throws -> String {
        let folder = try TemporaryFolder()
        let page = try folder.write(html, to: "page.html")
        // The browser has no sandbox for root; the page is the project's own.
        let program = try RunningProgram(
            URL(filePath: path),
            [
                "--no-sandbox", "--disable-gpu", "--no-first-run", "--user-data-dir=\(folder.url.path)/profile",
                "--window-size=\(width),1000", "--proxy-server=127.0.0.1:9",
                "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)",
            ] + options + ["file://\(page)"],
            environment: ["HOME": folder.url.path, "PATH": "/usr/bin:/bin"])
        let run = try withExtendedLifetime(folder) { try program.finish(timeLimit: 60) }
        guard run.status == 0 else { throw Failure("the browser ended with \(run.status): \(run.notes.suffix(500))") }
        return run.output
    }
}
