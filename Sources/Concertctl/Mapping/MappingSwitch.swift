import Clients
import JSON

/// The command that enables a mapping.
struct MappingEnable: Command {
    static let description = CommandDescription(
        name: "mapping enable", summary: "enable a mapping, which continues where it stopped",
        options: MappingTarget.options + MappingChange.options,
        examples: ["concertctl mapping enable --wait", "concertctl mapping enable --stream-name concert-data-stream"])

    private let change: MappingSwitch

    init(_ input: Input) throws { change = try MappingSwitch(input, isOn: true) }

    func run() async throws -> ExitStatus { try await change.run() }
}

/// The command that disables a mapping.
struct MappingDisable: Command {
    static let description = CommandDescription(
        name: "mapping disable", summary: "disable a mapping, which keeps its position in the stream",
        discussion: """
            Records stay on the stream for its retention period. A mapping that is enabled later misses expired records.
            """,
        options: MappingTarget.options + MappingChange.options,
        examples: [
            "concertctl mapping disable --wait", "concertctl mapping disable --stream-name concert-data-stream",
        ])

    private let change: MappingSwitch

    init(_ input: Input) throws { change = try MappingSwitch(input, isOn: false) }

    func run() async throws -> ExitStatus { try await change.run() }
}

/// The common implementation of enabling and disabling.
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
