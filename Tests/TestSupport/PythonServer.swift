import Foundation

/// A Python server that prints its port first and exits with this object or with the test process.
package final class PythonServer: Sendable {
    package let port: Int
    package var url: String { "http://127.0.0.1:\(port)" }

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    /// - Parameters:
    ///   - script: The name of a file in `Tests/Support`.
    ///   - python: The interpreter; by default the system's, with the standard library only.
    package init(_ script: String, _ arguments: [String] = [], python: URL? = nil) throws {
        try Servers.require(script)
        process.executableURL = python ?? URL(filePath: "/usr/bin/env")
        process.arguments = (python == nil ? ["python3"] : []) + [Repository.support(script)] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        guard let port = Int(String(decoding: line, as: UTF8.self)) else {
            throw Failure("\(script) printed \"\(String(decoding: line, as: UTF8.self))\" where its port was due")
        }
        self.port = port
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
