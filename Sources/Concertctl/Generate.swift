import EventGenerator

/// The command that prints a generated event.
///
/// Equal seeds produce equal events.
struct Generate: Command {
    private static let records = Option<Int>("--records", 0...100_000, default: 100, "number of records")
    private static let seed = Option<Int>(
        "--seed", 0...Int.max, default: 1, "seed of the generator; equal seeds produce equal output")
    private static let size = Option<Size>(
        "--size", default: .full,
        "full: payloads as producers send them, including raw_data; compact: only the entity fields, so that 10,000 "
            + "records fit into Lambda's 6 MB")

    static let description = CommandDescription(
        name: "generate", summary: "print a generated Kinesis event for replays and load tests",
        discussion: "The event contains artists, concerts, venues, and ticket sales in the shapes that producers send.",
        options: [records, seed, size],
        examples: [
            "concertctl generate --records 1000 | concertctl replay -",
            "concertctl generate --records 10000 --size compact > large.event.json",
        ])

    private enum Size: String, CaseIterable { case full, compact }

    private let records: Int
    private let seed: Int
    private let size: Size

    init(_ input: Input) throws {
        records = try input[Self.records]
        seed = try input[Self.seed]
        size = try input[Self.size]
    }

    func run() throws -> ExitStatus {
        var generator = EventGenerator(seed: UInt64(seed), size: size == .full ? .full : .compact)
        Output.write(generator.event(records: records) + [UInt8(ascii: "\n")])
        return .done
    }
}
