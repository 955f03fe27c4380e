/// The members of one record, as far as they have been read.
struct PartialRecord: Sendable {
    var hasKinesis = false
    var sequenceNumber: EventText?
    var data: EventText?
    var partitionKey: EventText?
    var eventID: EventText?
    var streamARN: EventText?
    var arrivalMilliseconds: Int64?
    /// Only a redelivered record has one.
    var subSequenceNumber: Int32?
    /// Where the arrival stands, when it is a number.
    var arrival: Range<Int>?

    /// Forgets what an earlier `kinesis` held, for the last one counts.
    mutating func removeKinesis() {
        (hasKinesis, data, sequenceNumber, partitionKey) = (false, nil, nil, nil)
        (arrivalMilliseconds, arrival, subSequenceNumber) = (nil, nil, nil)
    }

    /// The form that it gives to the records behind it.
    ///
    /// - Parameter range: Where it stands.
    func form(at range: Range<Int>) -> RecordForm {
        var values: [(RecordForm.Value, Range<Int>)] = []
        for (value, text) in [
            (RecordForm.Value.data, data), (.sequenceNumber, sequenceNumber), (.partitionKey, partitionKey),
            (.eventID, eventID),
        ] {
            if let text { values.append((value, Int(text.start) - 1..<Int(text.end) + 1)) }
        }
        if let arrival { values.append((.arrival, arrival)) }
        return RecordForm(range, values: values)
    }
}
