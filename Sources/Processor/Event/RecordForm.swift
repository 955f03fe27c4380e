import JSON

/// The text between the values of a record, which is the same for all records of an event because Lambda writes them alike.
///
/// The form is taken from a record that was read member by member. The text of the next record is compared with it, many
/// bytes at a time, and only the values are parsed. Equal text has equal structure, so the members need no further checks.
/// A record that differs from the form is read member by member.
struct RecordForm: Sendable {
    /// A value that differs between records.
    enum Value: Sendable { case data, sequenceNumber, partitionKey, arrival, eventID }

    /// The text of the event before a value.
    struct Step: Sendable {
        var text: Range<Int>
        var value: Value
    }

    /// The values, in the order of the record.
    let steps: [Step]
    /// The text after the last value, up to the end of the record.
    let end: Range<Int>

    /// - Parameters:
    ///   - record: The range of the record from which the form is taken.
    ///   - values: The ranges of its values, including the quotes of strings.
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
