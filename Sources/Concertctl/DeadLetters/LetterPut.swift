import Basics
import Clients
import JSON

/// The records of dead letters that are put on one stream, in order per partition key.
struct LetterPut {
    private let stream: StreamReference
    private let session: AWSSession
    private var queue: PutQueue
    /// The number of consecutive requests that put no record.
    private var requestsWithoutProgress = 0
    private var lastError = ""

    private static let attemptLimit = 10

    /// - Parameter entries: The records; ``next()`` returns their numbers.
    init(_ stream: StreamReference, _ session: AWSSession, limits: PutQueue.Limits, entries: [PutQueue.PutEntry]) {
        (self.stream, self.session) = (stream, session)
        queue = PutQueue(limits: limits)
        for entry in entries { queue.add(entry) }
    }

    /// Sends one request.
    ///
    /// - Returns: The numbers of the records that were put; nil if none are left.
    /// - Throws: If the stream accepts none of the remaining records.
    mutating func next() async throws -> [Int]? {
        guard !queue.isEmpty else { return nil }
        if requestsWithoutProgress > 0 {
            try await Task.sleep(for: Backoff.rejectedEntries.delay(after: requestsWithoutProgress + 1))
        }
        try Task.checkCancellation()
        let records = queue.next()
        let put: [Int]
        do { put = try take(try await session.send(stream.putRecords(records)).json(), of: records) } catch {
            for record in records.reversed() { queue.putBack(record) }
            requestsWithoutProgress += 1
            guard AWSSession.isRetryable(error), requestsWithoutProgress < Self.attemptLimit else { throw error }
            return []
        }
        guard requestsWithoutProgress < Self.attemptLimit else {
            throw CommandError(
                description: "kinesis PutRecords: \(Self.attemptLimit) consecutive requests put no record on stream "
                    + "\(stream.name): \(lastError)")
        }
        return put
    }

    /// Returns the requests of a run without errors, with the numbers of their records.
    func plannedRequests() -> [(request: AWSRequest, numbers: [Int])] {
        var queue = queue
        var requests: [(request: AWSRequest, numbers: [Int])] = []
        while !queue.isEmpty {
            let records = queue.next()
            for record in records { queue.confirm(record) }
            requests.append((stream.putRecords(records), records.map(\.entry.number)))
        }
        return requests
    }

    /// Processes a response.
    ///
    /// - Returns: The numbers of the records that were put.
    private mutating func take(_ answer: JSONValue, of records: [PutQueue.InFlight]) throws(AWSError) -> [Int] {
        let results = answer["Records"]?.array ?? []
        guard results.count == records.count else {
            throw .unreadable(
                service: "kinesis", operation: "PutRecords", status: 200,
                found: "\(results.count) results for \(records.count) records")
        }
        var put: [Int] = []
        // In reverse, so that returned records keep their order at the front of their key's queue.
        for (record, result) in zip(records, results).reversed() {
            if result["SequenceNumber"]?.string != nil, result["ErrorCode"]?.string == nil {
                put.append(record.entry.number)
                queue.confirm(record)
            } else {
                lastError = "\(result["ErrorCode"]?.string ?? "no sequence number")"
                queue.putBack(record)
            }
        }
        requestsWithoutProgress = put.isEmpty ? requestsWithoutProgress + 1 : 0
        return put
    }
}
