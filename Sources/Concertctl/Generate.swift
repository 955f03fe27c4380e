import EventGenerator
import Foundation

/// Prints made-up events, the same for the same seed.
struct Generate: Command {
    static let name = "generate"
    static let summary = "print a made-up Kinesis event, for replays and load tests"
    static let help = """
        Print one Lambda event with made-up artists, concerts, venues and ticket sales.

        Usage: concertctl generate [options]

          --records N       how many records, 0...100000 (default 100)
          --seed N          the same seed gives the same bytes (default 1)
          --size full       payloads as producers send them, with raw_data (default)
          --size compact    the fields alone: 10,000 records stay below Lambda's 6 MB

        Examples:
          concertctl generate --records 1000 | concertctl replay -
          concertctl generate --records 10000 --size compact > large.event.json
        """

    private enum Size: String, CaseIterable { case full, compact }

    private let records: Int
    private let seed: Int
    private let size: Size

    init(parsing arguments: inout ArgumentList) throws {
        records = try arguments.integer("--records", in: 0...100_000) ?? 100
        seed = try arguments.integer("--seed", in: 0...Int.max) ?? 1
        size = try arguments.choice("--size", of: Size.self) ?? .full
    }

    func run() throws -> ExitStatus {
        var generator = EventGenerator(seed: UInt64(seed), size: size == .full ? .full : .compact)
        try FileHandle.standardOutput.write(contentsOf: Data(generator.event(records: records) + [UInt8(ascii: "\n")]))
        return .done
    }
}
