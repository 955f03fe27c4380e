import Clients
import JSON

/// Names the streams of the Region.
struct StreamList: Command {
    static let description = CommandDescription(
        name: "stream list", summary: "list the streams of the Region",
        options: [.output] + OptionDescription.aws,
        examples: [
            "concertctl stream list --region eu-west-1",
            "concertctl stream list --output json | jq -r '.[].StreamName'",
        ])

    private let arguments: Arguments
    private let output: OutputFormat

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let session = try AWSSession(arguments, environment: environment, output: output)
        let streams = try await Self.streams(session)
        guard output == .text else {
            Output.print(.json(.array(streams)))
            return .done
        }
        var table = TextTable(["STREAM", "STATUS", "MODE", "CREATED"])
        for stream in streams {
            table.add([
                stream["StreamName"]?.string ?? "", stream["StreamStatus"]?.string ?? "",
                stream["StreamModeDetails"]?["StreamMode"]?.string ?? "",
                stream["StreamCreationTimestamp"]?.double.map(Moment.text) ?? "",
            ])
        }
        Output.print(
            streams.isEmpty ? "no streams in \(session.client.configuration.region)" : .lines(table.text))
        return .done
    }

    /// All pages of `ListStreams`.
    static func streams(_ session: AWSSession) async throws -> [JSONValue] {
        let streams = try await Paging.all { last in
            let answer = try await session.read(
                .kinesis("ListStreams", .object(ofPresent: [("ExclusiveStartStreamName", last.map { .string($0) })])))
            let names = answer["StreamNames"]?.array ?? []
            // Older servers give names alone.
            let page = answer["StreamSummaries"]?.array ?? names.map { .object(ofPresent: [("StreamName", $0)]) }
            return Page(page, next: answer["HasMoreStreams"]?.bool == true ? names.last?.string : nil)
        }
        var seen: Set<[UInt8]> = []
        return streams.filter { seen.insert(Array(($0["StreamName"]?.string ?? "").utf8)).inserted }
    }
}
