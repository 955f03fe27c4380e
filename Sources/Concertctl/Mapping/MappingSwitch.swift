import Clients
import JSON

/// Lets a mapping read its stream again.
struct MappingEnable: Command {
    static let description = CommandDescription(
        name: "mapping enable", summary: "let a mapping read on, from where it stopped",
        options: MappingTarget.options + MappingChange.options,
        examples: ["concertctl mapping enable --wait", "concertctl mapping enable --stream-name concert-data-stream"])

    private let arguments: Arguments

    init(_ arguments: Arguments) throws { self.arguments = arguments }

    func run(environment: [String: String]) async throws -> ExitStatus {
        try await MappingSwitch.turn(on: true, arguments, environment)
    }
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

    private let arguments: Arguments

    init(_ arguments: Arguments) throws { self.arguments = arguments }

    func run(environment: [String: String]) async throws -> ExitStatus {
        try await MappingSwitch.turn(on: false, arguments, environment)
    }
}

/// What enabling and disabling share.
private enum MappingSwitch {
    static func turn(
        on isOn: Bool, _ arguments: Arguments, _ environment: [String: String]
    ) async throws -> ExitStatus {
        let target = try MappingTarget(arguments, environment: environment)
        let change = try MappingChange(arguments, environment: environment)
        let settings = JSONObject([JSONObject.Member(name: "Enabled", value: .bool(isOn))])
        guard !change.session.isDryRun else {
            let uuid = try await target.plan(change.session)
            try change.session.planned(.updateMapping(uuid, settings))
            change.session.finishDryRun(DryRun.changeNote)
            return .done
        }
        let mapping = try await target.find(change.session)
        guard !mapping.isDeleting else { throw MappingChange.deleting(mapping) }
        guard mapping.isEnabled != isOn else {
            let finished = try await change.finished(mapping, nil, isEnabled: isOn)
            change.tell(finished, "already \(finished.stateText)")
            return .done
        }
        let finished = try await change.finished(
            try await change.update(mapping, settings), "told to be \(isOn ? "Enabled" : "Disabled")", isEnabled: isOn)
        change.tell(finished, finished.stateText)
        return .done
    }
}
