import Processor

/// The target of a replay's events.
protocol ReplayTarget: Sendable {
    /// Delivers one event, and returns the result.
    ///
    /// - Throws: If no further event can be delivered.
    mutating func deliver(_ event: ReplayEvent) throws -> DeliveryResult
    /// Returns a target for another worker, with the same sinks.
    func worker() throws -> any ReplayTarget
    /// Writes the contents of the sinks at the end.
    mutating func finish() throws
    /// Returns the function that ends a delivery in progress on an interruption.
    var interruption: @Sendable () -> Void { get }
    /// Stops started processes; always called.
    mutating func stop()
}

/// The result of delivering one event.
struct DeliveryResult: Sendable {
    /// The reason why the invocation failed; nil if there was a response.
    var invocationError: String?
    /// The number of records by outcome.
    var byOutcome: [BatchReport.Disposition: Int] = [:]
    /// The number of decoded records by kind.
    var byKind: [EntityKind: Int] = [:]
    var badRecords: [BadRecordDetails] = []
    var latency: Duration = .zero
    /// The time of each stage, as far as the function reports it.
    var stages: [(name: String, time: Duration)] = []
    /// The sequence numbers of the failed records in the response.
    var itemFailures: [String] = []
    /// The tumbling window's state in the response, as JSON.
    var state: [UInt8]?
    /// The response; empty if the target has none.
    var response: [UInt8] = []

    /// A record that could not be processed.
    struct BadRecordDetails: Sendable {
        var reason: String
        var message: String
        var sequenceNumber: String
        /// The index in the aggregate, if the record was in one.
        var subSequenceNumber: Int?
    }
}
