import Clients
import JSON

/// The results of the steps of `stream setup`, printed as each step finishes.
struct SetupReport {
    let session: AWSSession
    private(set) var steps: [JSONValue] = []
    private(set) var hasFailed = false

    init(_ session: AWSSession) { self.session = session }

    mutating func add(_ name: String, _ verdict: ChangeVerdict, _ detail: String) {
        let line: TerminalText = "\(name.padded(to: 13))\(verdict.rawValue.padded(to: 12))\(detail)"
        session.say(line)
        steps.append([
            "Step": .string(name), "Verdict": .string(verdict.rawValue), "Detail": .string(detail),
        ])
    }

    /// Runs a step, and continues with the next one if AWS rejects it.
    ///
    /// Throws if AWS is unreachable or times out, because the remaining steps would fail, too.
    mutating func take(_ name: String, _ step: () async throws -> (ChangeVerdict, String)) async throws {
        do {
            let (verdict, detail) = try await step()
            add(name, verdict, detail)
        } catch let error as AWSError where error.refusal != nil {
            fail(name, error)
        } catch let error as CommandError {
            fail(name, error)
        } catch {
            Console.note("\(name): this step may be incomplete; run the command again to continue")
            throw error
        }
    }

    private mutating func fail(_ name: String, _ error: any Error) {
        hasFailed = true
        let advice = ErrorAdvice.advice(on: error).map { "; \($0)" } ?? ""
        add(name, .failed, "\(error)\(advice)")
    }
}
