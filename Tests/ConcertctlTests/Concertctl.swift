import Foundation
import XCTest

/// The built command line, run as a person would.
struct Concertctl {
    var status: Int32
    var output: String
    var notes: String

    /// Built beside the tests' own executable.
    static let executable = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appending(path: "concertctl")

    /// - Parameters:
    ///   - input: What stands on standard input.
    ///   - environment: Added to the test's own.
    static func run(
        _ arguments: [String], input: Data = Data(), environment: [String: String] = [:]
    ) throws -> Concertctl {
        let folder = try TemporaryFolder()
        let inputFile = folder.url.appending(path: "input")
        let notesFile = folder.url.appending(path: "notes")
        try input.write(to: inputFile)
        try Data().write(to: notesFile)
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = Repository.root
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: notesFile)
        try process.run()
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Concertctl(
            status: process.terminationStatus, output: String(decoding: printed, as: UTF8.self),
            notes: try String(contentsOf: notesFile, encoding: .utf8))
    }

    /// Standard output as one JSON object.
    func json(file: StaticString = #filePath, line: UInt = #line) throws -> [String: Any] {
        let object = try? JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
        return try XCTUnwrap(object, "no JSON object: \(output)\(notes)", file: file, line: line)
    }
}

/// A folder that goes when nobody needs it any more.
final class TemporaryFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "concertctl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func write(_ text: String, to name: String) throws -> String {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return file.path
    }
}

/// Where the repository's files are.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
}
