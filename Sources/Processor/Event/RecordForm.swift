import JSON

/// What stands between the values of one record, which is the same in all others: Lambda writes an event's records in one form.
///
/// A record that was read member by member gives the form. The next one is compared with it, many bytes at a time, and only
/// its values are looked at. Equal text has equal structure, so whatever holds of the one record's members holds of the
/// other's; a record that differs anywhere is read member by member.
struct RecordForm: Sendable {
    /// A value that each record has for itself.
    enum Value: Sendable { case data, sequenceNumber, partitionKey, arrival, eventID }

    /// Text of the event that stands before a value.
    struct Step: Sendable {
        var text: Range<Int>
        var value: Value
    }

    /// In the order in which they stand.
    let steps: [Step]
    /// What stands behind the last value, to the record's end.
    let end: Range<Int>

    /// - Parameters:
    ///   - record: Where the record stands that gives the form.
    ///   - values: Where its values stand, the quotes of strings included.
    init(_ record: Range<Int>, values: [(value: Value, range: Range<Int>)]) {
        var steps: [Step] = []
        var position = record.lowerBound
        for (value, range) in values.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            steps.append(Step(text: position..<range.lowerBound, value: value))
            position = range.upperBound
        }
        self.steps = steps
        end = position..<record.upperBound
    }
}
