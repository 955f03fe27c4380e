import Clients

/// One thing that `doctor` looks at; a check is added by adding it to one of the lists in ``all``.
struct Check: Sendable {
    /// What must have been found before the check makes sense.
    enum Need: Sendable {
        /// Calls of AWS are answered.
        case aws
        case stream
        case function
        case mapping
        case bootstrap
    }

    var name: String
    var needs: [Need] = []
    /// Looks, and notes in the examination what later checks need.
    var run: @Sendable (inout Examination) async throws -> Finding

    /// All checks, those that others need first.
    static let all =
        machine + permissions + stream + function + mapping + role + sinks + loader + destinations + figures

    /// The finding, whatever happens; one that fails to call AWS is a finding, too.
    ///
    /// - Throws: `CancellationError` only.
    func finding(_ examination: inout Examination) async throws -> Finding {
        for need in needs {
            if let reason = examination.absence(of: need) { return Finding(verdict: .skipped, text: reason) }
        }
        do {
            return try await run(&examination)
        } catch let error as CancellationError {
            throw error
        } catch {
            return examination.finding(for: error, in: name)
        }
    }
}
