import Foundation
import TestSupport
import XCTest

/// Commands about the stream `concerts`, run against moto through the signature oracle.
struct StreamOnMoto {
    static let arn = "arn:aws:kinesis:us-east-1:123456789012:stream/concerts"

    let moto: Moto
    let oracle: SigV4Oracle

    /// Starts moto without resources.
    init() throws {
        moto = try Moto()
        try moto.reset()
        oracle = try SigV4Oracle(upstream: moto.url)
    }

    func stream(_ arguments: String..., environment: [String: String] = [:]) throws -> Run {
        try stream(arguments, environment: environment)
    }

    func stream(_ arguments: [String], environment: [String: String] = [:]) throws -> Run {
        var all = oracle.environment(hasToken: true).merging(environment) { $1 }
        all["AWS_KINESIS_STREAM_NAME"] = "concerts"
        return try Concertctl.run(["stream"] + arguments, environment: all)
    }

    /// Creates the stream with the AWS CLI.
    func create(shards: Int = 1) throws {
        try moto.aws("kinesis", "create-stream", "--stream-name", "concerts", "--shard-count", "\(shards)")
    }

    /// Returns the output of the AWS CLI.
    func summary() throws -> [String: Any] {
        let answer = try moto.aws("kinesis", "describe-stream-summary", "--stream-name", "concerts").json()
        return try XCTUnwrap(answer["StreamDescriptionSummary"] as? [String: Any])
    }

    func tags() throws -> [String: String] {
        let answer = try moto.aws("kinesis", "list-tags-for-stream", "--stream-name", "concerts").json()
        let tags = answer["Tags"] as? [[String: String]] ?? []
        return Dictionary(tags.map { ($0["Key"] ?? "", $0["Value"] ?? "") }) { $1 }
    }

    func policyDocument(_ name: String, version: String = "v1") throws -> NSDictionary {
        let arn = "arn:aws:iam::123456789012:policy/\(name)"
        let answer = try moto.aws("iam", "get-policy-version", "--policy-arn", arn, "--version-id", version).json()
        let policy = try XCTUnwrap(answer["PolicyVersion"] as? [String: Any])
        return try XCTUnwrap(policy["Document"] as? NSDictionary)
    }

    /// Returns the data of every record on the stream's first shard.
    func records() throws -> [Data] {
        let iterator =
            try moto.aws(
                "kinesis", "get-shard-iterator", "--stream-name", "concerts", "--shard-id", "shardId-000000000000",
                "--shard-iterator-type", "TRIM_HORIZON"
            ).json()["ShardIterator"] as? String
        let answer = try moto.aws("kinesis", "get-records", "--shard-iterator", iterator ?? "").json()
        return (answer["Records"] as? [[String: Any]] ?? []).compactMap { record in
            (record["Data"] as? String).flatMap { Data(base64Encoded: $0) }
        }
    }
}
