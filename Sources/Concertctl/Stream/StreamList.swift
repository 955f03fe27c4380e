import Clients
import JSON

/// The command that lists the streams of the Region.
struct StreamList: Command {
    static let description = CommandDescription(
        name: "stream list", summary: "list the streams of the Region",
        options: [SharedOption.output] + SharedOption.aws,
        examples: [
            "concertctl stream list --region eu-west-1",
            "concertctl stream list --output json | jq -r '.[].StreamName'",
        ])

    private let session: AWSSession

    init(_ input: Input) throws { session = try AWSSession(input) }

    func run() async throws -> ExitStatus {
        let streams = try await Self.streams(session)
        session.show(text: text(of: streams), json: .array(streams))
        return .done
    }

    private func text(of streams: [JSONValue]) -> TerminalText {
        var table = TextTable(["STREAM", "STATUS", "MODE", "CREATED"])
        for stream in streams {
            table.add([
                stream["StreamName"]?.string ?? "", stream["StreamStatus"]?.string ?? "",
                stream["StreamModeDetails"]?["StreamMode"]?.string ?? "",
                stream["StreamCreationTimestamp"]?.double.map(TimestampText.text) ?? "",
            ])
        }
        return streams.isEmpty ? "no streams in \(session.region)" : .lines(table.text)
    }

    /// Returns all pages of `ListStreams`.
    static func streams(_ session: AWSSession) async throws -> [JSONValue] {
        let streams = try await Paging.all { last in
            let answer = try await session.send(
                .kinesis("ListStreams", .object(ofPresent: [("ExclusiveStartStreamName", last.map { .string($0) })]))
            ).json()
            let names = answer["StreamNames"]?.array ?? []
            // Older servers return names only.
            let page = answer["StreamSummaries"]?.array ?? names.map { .object(ofPresent: [("StreamName", $0)]) }
            return Page(page, next: answer["HasMoreStreams"]?.bool == true ? names.last?.string : nil)
        }
        var seen: Set<[UInt8]> = []
        return streams.filter { seen.insert(Array(($0["StreamName"]?.string ?? "").utf8)).inserted }
    }
}
