import Clients
import JSON

/// Lets a mapping read its stream again.
struct MappingEnable: Command {
    static let description = CommandDescription(
        name: "mapping enable", summary: "let a mapping read on, from where it stopped",
        options: MappingTarget.options + MappingChange.options,
        examples: ["concertctl mapping enable --wait", "concertctl mapping enable --stream-name concert-data-stream"])

    private let change: MappingSwitch

    init(_ input: Input) throws { change = try MappingSwitch(input, isOn: true) }

    func run() async throws -> ExitStatus { try await change.run() }
}

/// Stops a mapping, which keeps its place in the stream.
struct MappingDisable: Command {
    static let description = CommandDescription(
        name: "mapping disable", summary: "stop a mapping, which keeps its place in the stream",
        discussion: """
            Records wait in the stream for as long as its retention; what is enabled later than that misses them.
            """,
        options: MappingTarget.options + MappingChange.options,
        examples: [
            "concertctl mapping disable --wait", "concertctl mapping disable --stream-name concert-data-stream",
        ])

    private let change: MappingSwitch

    init(_ input: Input) throws { change = try MappingSwitch(input, isOn: false) }

    func run() async throws -> ExitStatus { try await change.run() }
}

/// What enabling and disabling share.
private struct MappingSwitch {
    private let target: MappingTarget
    private let change: MappingChange
    private let isOn: Bool

    init(_ input: Input, isOn: Bool) throws {
        (target, self.isOn) = (try MappingTarget(input), isOn)
        change = try MappingChange(input)
    }

    func run() async throws -> ExitStatus {
        let settings = JSONObject([JSONObject.Member(name: "Enabled", value: .bool(isOn))])
        let mapping = try await target.find(change.session)
        guard !mapping.isDeleting else { throw MappingChange.deleting(mapping) }
        guard mapping.isEnabled != isOn else {
            let finished = try await change.finished(mapping, nil, isEnabled: isOn)
            change.show(finished, "already \(finished.stateText)")
            return .done
        }
        let updated = try await change.update(mapping, settings)
        let finished = try await change.finished(
            updated, isOn ? "enable requested" : "disable requested", isEnabled: isOn)
        change.show(finished, finished.stateText)
        return .done
    }
}
