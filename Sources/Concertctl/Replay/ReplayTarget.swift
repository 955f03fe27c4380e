import Processor

/// Where a replay's events go.
protocol ReplayTarget: Sendable {
    /// Hands over one event, and waits for the answer.
    ///
    /// - Throws: When no further event can be delivered.
    mutating func deliver(_ event: ReplayEvent) throws -> Delivery
    /// Another one beside this, for a worker of its own; it fills the same sinks.
    func worker() throws -> any ReplayTarget
    /// Writes what there is to write at the end.
    mutating func finish() throws
    /// What ends a delivery that is under way when the replay is interrupted.
    var interruption: @Sendable () -> Void { get }
    /// Ends what was started; called whatever happened.
    mutating func stop()
}

/// What became of one event.
struct Delivery: Sendable {
    /// Why the invocation failed as a whole; nil when it was answered.
    var invocationError: String?
    /// How many records ended so.
    var byOutcome: [BatchReport.Disposition: Int] = [:]
    /// How many typed records there were of each kind.
    var byKind: [EntityKind: Int] = [:]
    var badRecords: [BadRecord] = []
    var latency: Duration = .zero
    /// How long each part of the work took, as far as the function tells.
    var stages: [(name: String, time: Duration)] = []
    /// Sequence numbers that the answer names as failed.
    var itemFailures: [String] = []
    /// The tumbling window's state that the answer holds, as JSON.
    var state: [UInt8]?
    /// The answer as it is; empty where the target has none.
    var response: [UInt8] = []

    /// A record that could not be processed.
    struct BadRecord: Sendable {
        var reason: String
        var message: String
        var sequenceNumber: String
        /// Its place in the aggregate that it came in.
        var subSequenceNumber: Int?
    }
}
