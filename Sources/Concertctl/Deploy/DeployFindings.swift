/// What the checks before a deployment found.
struct DeployFindings: Sendable {
    /// The faults that prevent the deployment.
    var faults: [String] = []
    /// Notes about checks that were not possible, and warnings that do not prevent the deployment.
    var notes: [String] = []

    mutating func add(_ others: DeployFindings) {
        faults += others.faults
        notes += others.notes
    }

    /// Ends a command whose checks are incomplete: throws the faults, or returns the status of a failure.
    func fail() throws(CommandError) -> ExitStatus {
        try check()
        return .failed
    }

    /// - Throws: ``CommandError`` with all faults together.
    func check() throws(CommandError) {
        guard let first = faults.first else { return }
        guard faults.count > 1 else { throw CommandError(description: first) }
        throw CommandError(
            description: "nothing was changed; fix these \(faults.count) faults first:",
            details: faults.map { "  - \($0)" }.joined(separator: "\n"))
    }
}
