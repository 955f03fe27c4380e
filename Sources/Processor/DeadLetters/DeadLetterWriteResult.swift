import Basics
import Clients
import JSON

/// The outcome of one attempt to write one dead letter.
enum DeadLetterWriteResult: Sendable, Equatable {
    /// The service confirmed that it stored the letter.
    case written
    /// The queue permanently rejects this letter because of its size or its characters.
    case unfit(reason: String)
    /// A transient failure, or one whose cause is unknown, so the letter is sent again.
    case failed(reason: String)
    /// A failure that affects all letters and does not pass within the invocation.
    case unavailable(reason: String)
}

/// The meaning of SQS's error codes for a message.
///
/// The codes that reject a message are a closed list. Everything else, unknown codes included, is transient: throttling,
/// missing permissions, a key that is unavailable, a queue that does not exist.
///
/// Sources: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html#API_SendMessage_Errors>
/// and <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html#API_SendMessageBatch_Errors>
enum QueueErrorCode {
    /// Returns whether a code, with its message, means that the letter is larger than the queue allows or has characters
    /// that SQS does not accept.
    static func isUnfit(code: String, message: String) -> Bool {
        if tooLongCodes.contains(where: code.hasSameBytes) || invalidContents.hasSameBytes(as: code) { return true }
        return parameterCodes.contains(where: code.hasSameBytes) && sizePhrases.contains { message.contains(bytes: $0) }
    }

    /// Returns whether the error of a whole call may be about one of its messages, so that each should be sent alone.
    static func mayBeAboutOneMessage(code: String) -> Bool {
        (tooLongCodes + parameterCodes + [invalidContents]).contains(where: code.hasSameBytes)
    }

    private static let tooLongCodes = [
        "BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong", "MessageTooLong",
    ]
    private static let invalidContents = "InvalidMessageContents"
    /// Codes that SQS also uses for errors unrelated to a message's size.
    private static let parameterCodes = ["InvalidParameterValue", "InvalidParameterValueException"]
    private static let sizePhrases = ["must be shorter than", "longer than", "too long", "too large"]
}
