import Clients
import JSON

/// The progress of an operation on a stack.
struct StackProgress: Sendable {
    static let timeout = Option<Int>(
        "--timeout", value: "SECONDS", 1...86_400, default: 3600, "how long to wait at most")

    let stack: StackReference
    /// The stack's ARN, by which a deleted one can still be read.
    let id: String
    /// The newest event before the operation, where that is known.
    let last: String?
    let waiter: Waiter
    /// The command line that follows the operation again, for example after Ctrl-C.
    let follow: String
    /// The command line that repeats the operation after a failure.
    let retry: String

    /// Waits until the operation ends, and prints each finished resource on standard error.
    ///
    /// - Returns: The stack at its end, with the events of the operation.
    func follow() async throws -> (stack: Stack, events: [StackEvent]) {
        var shown = 0
        do {
            return try await waiter.wait(for: "stack \(stack.name)") {
                // The events first, so that the stack is never older than they are.
                let events = try await stack.events(id: id, after: last)
                let current = try await stack.stack(id: id)
                for event in events.dropFirst(shown) { Self.show(event) }
                shown = max(shown, events.count)
                let state = current ?? Stack(id: id, status: "DELETE_COMPLETE")
                // Both are eventually consistent: until they agree, the status may be that of the previous operation.
                let newest = events.last { $0.isOfStack && $0.physicalID.hasSameBytes(as: id) }
                let agrees = newest?.status.hasSameBytes(as: state.status) ?? false
                guard current == nil || agrees && !state.isChanging else {
                    return .pending("\(state.status), \(Self.count(events)) done")
                }
                return .reached((state, events))
            }
        } catch let error as CancellationError {
            Console.note("the operation continues at AWS; follow it again with: \(follow)")
            throw error
        } catch let error as WaitTimeout {
            throw CommandError(
                description: "stack \(stack.name): waited until --timeout; the operation continues at AWS",
                details: "  \(error)\n  next: \(follow)")
        }
    }

    private static let ends = ["_COMPLETE", "_FAILED"]

    private static func count(_ events: [StackEvent]) -> String {
        let done = events.filter { !$0.isOfStack && $0.status.utf8.suffix(9).elementsEqual("_COMPLETE".utf8) }.count
        return done == 1 ? "1 resource" : "\(done) resources"
    }

    private static func show(_ event: StackEvent) {
        guard !event.isOfStack, ends.contains(where: { event.status.hasSuffix($0) }) else { return }
        let reason: TerminalText = event.isFailure && !event.reason.isEmpty ? ": \(event.reason)" : ""
        Console.note("  \(event.status)  \(event.logicalID) (\(event.type))\(reason)")
    }
}

/// Errors of failed operations.
extension StackProgress {
    /// Explains a stack whose operation failed.
    func failure(_ state: Stack, _ events: [StackEvent]) -> CommandError {
        Self.failure(stack, state, events, retry: retry)
    }

    static func failure(
        _ stack: StackReference, _ state: Stack, _ events: [StackEvent], retry: String
    ) -> CommandError {
        let failure = StackFailure(state, events)
        var lines = ["  \(failure.advice(options: stack.options))"]
        if let retention = retention(after: state, events, options: stack.options) { lines.append("  \(retention)") }
        if let way = recoveryCommand(for: state, options: stack.options), !way.hasSameBytes(as: retry) {
            lines.append("  next: \(way), then \(retry)")
        } else {
            lines.append("  next: \(retry)")
        }
        return CommandError(
            description: "stack \(stack.name) is \(state.status): \(failure.description)",
            details: lines.joined(separator: "\n"))
    }

    /// Returns how to keep the resources that cannot be deleted; nil if the deletion of the stack is not required.
    private static func retention(after state: Stack, _ events: [StackEvent], options: String) -> String? {
        let command = "aws cloudformation delete-stack \(options) --retain-resources "
        switch state.status {
        case "DELETE_FAILED":
            var stuck: [String] = []
            for event in events where event.isFailure && !event.isOfStack {
                if !stuck.contains(where: { $0.hasSameBytes(as: event.logicalID) }) { stuck.append(event.logicalID) }
            }
            let names = stuck.isEmpty ? "LOGICAL_ID" : stuck.map(\.shellWord).joined(separator: " ")
            return "to retain what cannot be deleted: \(command)\(names)"
        case "IMPORT_ROLLBACK_FAILED":
            return "if the stack cannot be deleted, retain the resource that prevents it: \(command)LOGICAL_ID"
        default: return nil
        }
    }

    /// Returns the command to run before the next deployment; nil if none is required.
    private static func recoveryCommand(for state: Stack, options: String) -> String? {
        switch state.status {
        case "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "IMPORT_ROLLBACK_FAILED":
            "concertctl undeploy \(options)"
        case "UPDATE_ROLLBACK_FAILED": "aws cloudformation continue-update-rollback \(options)"
        case "UPDATE_FAILED": "aws cloudformation rollback-stack \(options)"
        default: nil
        }
    }
}
