import Foundation
import TestSupport
import XCTest

/// The strict fake with the stream `concerts`, and commands about it.
struct StreamOnStrictAWS {
    let fake: StrictAWS
    /// The number of calls that created the initial resources.
    private let earlierCalls: Int

    /// - Parameter program: Python that creates the initial resources, with boto3's client `kinesis`.
    init(_ program: String = "kinesis.create_stream(StreamName='concerts', ShardCount=1)") throws {
        fake = try StrictAWS()
        try fake.set(["readsUntilActive": 0])
        if !program.isEmpty { try Self.run(program, fake) }
        try fake.set(["readsUntilActive": 2])
        earlierCalls = try fake.calls().count
    }

    static func run(_ program: String, _ fake: StrictAWS) throws {
        let home = try TemporaryFolder()
        let environment = Concertctl.cleanEnvironment(home: home).merging(fake.environment) { $1 }
            .merging(["AWS_DEFAULT_REGION": "us-east-1"]) { $1 }
        let run = try RunningProgram(
            Moto.python(), ["-W", "ignore", "-c", "import boto3\nkinesis = boto3.client('kinesis')\n" + program],
            environment: environment
        ).finish()
        XCTAssertEqual(run.status, 0, run.notes)
    }

    func stream(_ arguments: String...) throws -> Run { try stream(arguments) }

    func stream(_ arguments: [String]) throws -> Run {
        try Concertctl.run(
            ["stream"] + arguments,
            environment: fake.environment.merging(["AWS_KINESIS_STREAM_NAME": "concerts"]) { $1 })
    }

    /// The commands' mutating calls, the rejected ones with their error.
    func changes() throws -> [String] {
        try calls().filter { !$0.operation.hasPrefix("Describe") && !$0.operation.hasPrefix("List") }.map { call in
            call.operation + (call.error.map { " \($0)" } ?? "")
        }
    }

    /// The commands' calls.
    func calls(of operation: String? = nil) throws -> [StrictAWS.Call] {
        try fake.calls().dropFirst(earlierCalls).filter { operation == nil || $0.operation == operation }
    }
}
