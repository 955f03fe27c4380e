import Clients

/// A check of `doctor`.
///
/// To add a check, add it to one of the lists in ``all``.
struct Check: Sendable {
    /// A prerequisite of a check.
    enum Need: Sendable {
        /// AWS responds to calls.
        case aws
        case stream
        case function
        case mapping
        case bootstrap
    }

    var name: String
    var needs: [Need] = []
    /// Runs the check and stores what later checks need in the context.
    var run: @Sendable (inout DiagnosisContext) async throws -> Finding

    /// All checks, with prerequisites before the checks that need them.
    static let all =
        machine + permissions + stream + function + mapping + role + sinks + loader + destinations + metrics

    /// Returns the finding of the check.
    ///
    /// A failed AWS call is also a finding.
    ///
    /// - Throws: `CancellationError` only.
    func finding(_ context: inout DiagnosisContext) async throws -> Finding {
        for need in needs {
            if let reason = context.absence(of: need) { return Finding(verdict: .skipped, text: reason) }
        }
        do {
            return try await run(&context)
        } catch let error as CancellationError {
            throw error
        } catch {
            return context.finding(for: error, in: name)
        }
    }
}
