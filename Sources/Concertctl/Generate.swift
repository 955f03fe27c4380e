import EventGenerator

/// Prints made-up events, the same for the same seed.
struct Generate: Command {
    private static let recordsOption = OptionDescription(
        "--records", .value("N"), "how many records, 0...100000 (default 100)")
    private static let seedOption = OptionDescription(
        "--seed", .value("N"), "the same seed gives the same bytes (default 1)")
    private static let sizeOption = OptionDescription(
        "--size", oneOf: Size.self,
        "full: payloads as producers send them, with raw_data (default); compact: the fields alone, so that 10,000 "
            + "records stay below Lambda's 6 MB")

    static let description = CommandDescription(
        name: "generate", summary: "print a made-up Kinesis event, for replays and load tests",
        discussion: "The event has artists, concerts, venues and ticket sales in the shapes that producers send.",
        options: [recordsOption, seedOption, sizeOption],
        examples: [
            "concertctl generate --records 1000 | concertctl replay -",
            "concertctl generate --records 10000 --size compact > large.event.json",
        ])

    private enum Size: String, CaseIterable { case full, compact }

    private let records: Int
    private let seed: Int
    private let size: Size

    init(_ arguments: Arguments) throws {
        records = try arguments.integer(Self.recordsOption, in: 0...100_000) ?? 100
        seed = try arguments.integer(Self.seedOption, in: 0...Int.max) ?? 1
        size = try arguments.choice(Self.sizeOption, of: Size.self) ?? .full
    }

    func run(environment: [String: String]) throws -> ExitStatus {
        var generator = EventGenerator(seed: UInt64(seed), size: size == .full ? .full : .compact)
        Output.write(generator.event(records: records) + [UInt8(ascii: "\n")])
        return .done
    }
}
