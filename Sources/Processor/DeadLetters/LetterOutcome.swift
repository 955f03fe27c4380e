import Clients
import JSON

/// The outcome of one attempt to write one dead letter.
enum LetterOutcome: Sendable, Equatable {
    /// The service confirmed that it stored the letter.
    case written
    /// The queue refused this very letter for its size or its characters, and always will.
    case unfit(reason: String)
    /// A transient failure, or one whose cause is unknown: worth another attempt.
    case failed(reason: String)
    /// Another attempt now would fail the same way, for this letter and for others.
    case unavailable(reason: String)
}

/// What SQS's error codes say of a message.
///
/// The codes that reject a message are a closed list. Everything else, unknown codes included, is transient: throttling,
/// missing permissions, a key that is unavailable, a queue that does not exist.
///
/// Sources: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html#API_SendMessage_Errors>
/// and <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html#API_SendMessageBatch_Errors>
enum QueueRefusal {
    /// Whether a code, with its message, says that the message is larger than the queue allows or has characters that
    /// SQS does not accept.
    static func isUnfit(code: String, message: String) -> Bool {
        if tooLongCodes.contains(where: code.hasSameBytes) || invalidContents.hasSameBytes(as: code) { return true }
        return parameterCodes.contains(where: code.hasSameBytes) && sizePhrases.contains { message.contains(bytes: $0) }
    }

    /// Whether the refusal of a whole call may be about one of its messages, so that each is worth a call of its own.
    static func mayBeAboutOneMessage(code: String) -> Bool {
        (tooLongCodes + parameterCodes + [invalidContents]).contains(where: code.hasSameBytes)
    }

    private static let tooLongCodes = [
        "BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong", "MessageTooLong",
    ]
    private static let invalidContents = "InvalidMessageContents"
    /// These also stand for errors that have nothing to do with a message's size.
    private static let parameterCodes = ["InvalidParameterValue", "InvalidParameterValueException"]
    private static let sizePhrases = ["must be shorter than", "longer than", "too long", "too large"]
}
