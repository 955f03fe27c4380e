import Foundation
import TestSupport

/// A running `Tests/Support/http-server.py`, which exits with this object or with the test process.
final class LoopbackServer {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private(set) var port = 0

    /// - Parameter certificate: The path, without its extension, of a certificate and its key; `nil` for HTTP without
    ///   TLS.
    init(certificate: String? = nil) throws {
        try Servers.require("http-server.py")
        let certificateArguments = certificate.map { ["\($0).crt", "\($0).key"] } ?? []
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", supportPath("http-server.py")] + certificateArguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = nextLine()
        guard let port = Int(line) else { throw StartFailure(line: line) }
        self.port = port
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Returns the next word that the server prints; blocks until it does.
    func nextLine() -> String {
        var line: [UInt8] = []
        while let byte = try? output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// The server has not printed its port.
    private struct StartFailure: Error { var line: String }
}

/// A folder with the certificates that `make-certificates.sh` creates, deleted with this object.
final class TestCertificates {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let process = try Process.run(
            URL(fileURLWithPath: "/bin/bash"), arguments: [supportPath("make-certificates.sh"), folder.path])
        process.waitUntilExit()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
}

private func supportPath(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Support/\(name)").path
}
