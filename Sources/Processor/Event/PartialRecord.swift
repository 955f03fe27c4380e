/// The members of one record that have been read so far.
struct PartialRecord: Sendable {
    var hasKinesis = false
    var sequenceNumber: EventText?
    var data: EventText?
    var partitionKey: EventText?
    var eventID: EventText?
    var streamARN: EventText?
    var arrivalMilliseconds: Int64?
    /// The sub-sequence number, which only redelivered records have.
    var subSequenceNumber: Int32?
    /// The range of the arrival, if it is a number.
    var arrival: Range<Int>?

    /// Removes the members of an earlier `kinesis`, because the last of repeated members counts.
    mutating func removeKinesis() {
        (hasKinesis, data, sequenceNumber, partitionKey) = (false, nil, nil, nil)
        (arrivalMilliseconds, arrival, subSequenceNumber) = (nil, nil, nil)
    }

    /// Returns the form of the record, to which following records are compared.
    ///
    /// - Parameter range: The range of the record.
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
