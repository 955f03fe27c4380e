import Clients
import Foundation
import JSON
import TestSupport
import Transport
import XCTest

/// A test case with a strict fake that has a stream and two functions.
class MappingTestCase: XCTestCase {
    static let streamARN = "arn:aws:kinesis:us-east-1:123456789012:stream/concerts"
    static let functionARN = "arn:aws:lambda:us-east-1:123456789012:function:concert-data-processor"
    static let queueARN = "arn:aws:sqs:us-east-1:123456789012:dead-letters"

    private var running: StrictAWS?

    func server() async throws -> StrictAWS {
        if let running { return running }
        let server = try StrictAWS()
        running = server
        try server.set(["readsUntilActive": 0])
        try await call(.kinesis("CreateStream", ["StreamName": "concerts", "ShardCount": 1]), server)
        try server.set(["readsUntilActive": 2])
        try server.addFunction("concert-data-processor", aliases: ["live"])
        try server.addFunction("other")
        return server
    }

    override func tearDown() { endServer() }

    func endServer() { running = nil }

    @discardableResult func call(_ request: AWSRequest, _ server: StrictAWS) async throws -> JSONValue {
        let keys = AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret")
        var configuration = AWSClient.Configuration(
            region: "us-east-1", credentials: StaticCredentials(keys, origin: "the test"))
        let url = server.url
        configuration.endpointURL = { _ in url }
        return try await AWSClient(
            configuration,
            http: CurlHTTPClient(CurlHTTPClient.Configuration())
        ).send(request).json()
    }

    /// Runs `concertctl mapping VERB --stream-name concerts OPTIONS` against the fake.
    func mapping(_ verb: String, _ options: String..., stream: Bool = true, at server: StrictAWS) throws -> Run {
        try Concertctl.run(
            ["mapping", verb] + (stream ? ["--stream-name", "concerts"] : []) + options,
            environment: server.environment)
    }

    /// Returns the request bodies of an operation with sorted keys.
    func bodies(of operation: String, at server: StrictAWS) throws -> [String] {
        try server.calls(of: operation).map { try Self.text($0.body) }
    }

    static func text(_ object: Any) throws -> String {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try JSONSerialization.data(withJSONObject: object, options: options), as: UTF8.self)
    }

    func uuid(_ run: Run) throws -> String { try XCTUnwrap(try run.json()["UUID"] as? String, run.notes) }
}

/// Asserts the exit status and parts of the output.
func assertRun(
    _ run: Run, _ status: Int32, output: String..., notes: String..., file: StaticString = #filePath,
    line: UInt = #line
) {
    XCTAssertEqual(run.status, status, run.output + run.notes, file: file, line: line)
    for words in output {
        XCTAssertTrue(
            run.output.contains(words), "\(words) is not in: \(run.output)\(run.notes)", file: file, line: line)
    }
    for words in notes {
        XCTAssertTrue(run.notes.contains(words), "\(words) is not in: \(run.notes)", file: file, line: line)
    }
}
