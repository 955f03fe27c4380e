import Clients
import JSON
import Transport
import XCTest

@testable import Processor

/// Tests of the results that SNS and EventBridge return per entry, and of the IDs for FIFO topics.
final class EntryAnswerTests: NotifierTestCase {
    private struct NoCredentials: CredentialSource {
        let origin = "a test"
        func credentials() -> AWSCredentials { AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret") }
        func invalidate() {}
    }

    /// A client that returns the same response to every call.
    private struct FixedHTTP: HTTPClient {
        var answer: @Sendable (HTTPRequest) -> HTTPResponse
        func send(_ request: HTTPRequest) -> HTTPResponse { answer(request) }
    }

    private func pool(_ answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse) -> ClientPool<AWSClient> {
        ClientPool {
            var configuration = AWSClient.Configuration(region: "us-east-1", credentials: NoCredentials())
            configuration.retries.maxAttempts = 1
            return AWSClient(configuration, http: FixedHTTP(answer: answer))
        }
    }

    private let context = InvocationContext(requestID: "r", functionName: "f", deadline: .now + .seconds(3600))

    private func notifications(_ ids: [String]) throws -> [Processor.Notification] {
        let batch = try RecordBatch(decoding: EventText(ids.enumerated().map { Self.concert($1, $0 + 1) }))
        let plan = NotificationPlan(batch.observations(settings), known: [:], wanted: settings.types)
        return plan.notifications.map {
            batch.notification(of: batch.records[$0.record], $0.entity, $0.change, $0.state)
        }
    }

    private func topic(_ body: String, status: Int = 200) -> TopicSender {
        TopicSender(
            topicARN: "arn:aws:sns:us-east-1:123456789012:t",
            clients: pool { _ in HTTPResponse(status: status, body: Array(body.utf8)) })
    }

    func testTopicResponseIsEvaluatedPerEntry() async throws {
        let sender = topic(
            """
            <PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>
            <Successful><member><Id>2</Id><MessageId>m</MessageId></member></Successful>
            <Failed><member><Id>0</Id><Code>InternalError</Code><SenderFault>false</SenderFault></member>
            <member><Id>1</Id><Code>InvalidParameter</Code><Message>too odd</Message><SenderFault>true</SenderFault></member>
            <member><Id>9</Id><Code>X</Code><SenderFault>true</SenderFault></member></Failed>
            </PublishBatchResult></PublishBatchResponse>
            """)
        let outcomes = await sender.send(try notifications(["a", "b", "c", "d"]), context: context)
        XCTAssertEqual(
            outcomes,
            [
                .failed(reason: "sns: InternalError"), .rejected(reason: "sns: InvalidParameter: too odd"), .delivered,
                .failed(reason: "sns: the response does not mention the message"),
            ])
    }

    /// The documented error codes, and whether they reject the message.
    ///
    /// Source: <https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html#API_PublishBatch_Errors>
    func testTopicEntryErrorsAreClassified() async throws {
        let cases: [(code: String, message: String, isPermanent: Bool)] = [
            ("InvalidParameter", "Invalid parameter: Message too long", true),
            ("InvalidParameterException", "", true), ("InvalidParameterValue", "too odd", true),
            ("InvalidParameterValueException", "", true), ("ParameterValueInvalid", "", true),
            ("InvalidParameter", "Invalid parameter: TopicArn", false),
            ("InvalidParameter", "Invalid parameter: topicArn Reason: odd", false),
            ("AuthorizationError", "", false), ("AuthorizationErrorException", "", false),
            ("EndpointDisabled", "", false), ("InternalError", "", false), ("InternalFailure", "", false),
            ("InvalidSecurity", "", false), ("KMSAccessDenied", "", false), ("KMSAccessDeniedException", "", false),
            ("KMSDisabled", "", false), ("KMSInvalidState", "", false), ("KMSNotFound", "", false),
            ("KMSOptInRequired", "", false), ("KMSThrottling", "", false), ("KMSThrottlingException", "", false),
            ("NotFound", "", false), ("PlatformApplicationDisabled", "", false), ("Throttled", "", false),
            ("ThrottlingException", "", false), ("RequestExpired", "", false), ("SomethingNew", "", false),
            ("invalidparameter", "", false), ("", "", false),
        ]
        for row in cases {
            for isSendersFault in [true, false] {
                let sender = topic(
                    "<R><Failed><member><Id>0</Id><Code>\(row.code)</Code><Message>\(row.message)</Message>"
                        + "<SenderFault>\(isSendersFault)</SenderFault></member></Failed></R>")
                let outcomes = await sender.send(try notifications(["a"]), context: context)
                switch outcomes[0] {
                case .rejected(let reason):
                    XCTAssertTrue(row.isPermanent, "\(row)")
                    XCTAssertTrue(reason.hasPrefix("sns: \(row.code)"), reason)
                case .failed(let reason, _):
                    XCTAssertFalse(row.isPermanent, "\(row)")
                    XCTAssertTrue(reason.hasPrefix("sns: \(row.code)"), reason)
                default: XCTFail("\(row): \(outcomes)")
                }
            }
        }
    }

    /// The error codes that EventBridge documents for entries.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html>
    func testEventBusEntryErrorsAreClassified() async throws {
        let cases: [(code: String, message: String, isPermanent: Bool)] = [
            ("MalformedDetail", "Detail is malformed.", true),
            ("InvalidArgument", "Parameter Detail is not valid.", true),
            ("InvalidArgument", "Parameter EventBusName is not valid.", false),
            ("InvalidArgument", "eventBusName contains unsupported characters", false),
            ("InvalidArgument", "Parameter Source is not valid.", false),
            ("InternalFailure", "", false), ("InternalException", "", false), ("ThrottlingException", "", false),
            ("AccessDeniedException", "", false), ("InvalidAccountIdException", "", false),
            ("RedactionFailure", "", false), ("NotAuthorizedForSourceException", "", false),
            ("NotAuthorizedForDetailTypeException", "", false), ("LimitExceededException", "", false),
            ("SomethingNew", "", false),
        ]
        for row in cases {
            let body =
                #"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"\#(row.code)","ErrorMessage":"\#(row.message)"}]}"#
            let sender = EventBusSender(
                eventBus: "default", clients: pool { _ in HTTPResponse(status: 200, body: Array(body.utf8)) })
            let outcomes = await sender.send(try notifications(["a"]), context: context)
            let reason = "eventbridge: \(row.code)" + (row.message.isEmpty ? "" : ": \(row.message)")
            XCTAssertEqual(
                outcomes, [row.isPermanent ? .rejected(reason: reason) : .failed(reason: reason)], "\(row)")
        }
    }

    /// A call with a single entry that fails as a whole.
    func testWholeCallErrorsAreClassified() async throws {
        let cases: [(code: String, message: String, isPermanent: Bool)] = [
            ("InvalidParameter", "Invalid parameter: Message too long", true), ("BatchRequestTooLong", "long", true),
            ("InvalidParameter", "Invalid parameter: TopicArn", false), ("KMSDisabled", "m", false),
            ("AuthorizationError", "m", false), ("SomethingNew", "m", false), ("NotFound", "Topic", false),
        ]
        for row in cases {
            let body = "<R><Error><Code>\(row.code)</Code><Message>\(row.message)</Message></Error></R>"
            let outcomes = await topic(body, status: 400).send(try notifications(["a"]), context: context)
            if case .rejected = outcomes[0] {
                XCTAssertTrue(row.isPermanent, "\(row)")
            } else {
                XCTAssertFalse(row.isPermanent, "\(row): \(outcomes)")
            }
        }
    }

    func testErrorOfAWholeCall() async throws {
        func error(_ code: String, _ message: String) -> String {
            "<ErrorResponse><Error><Type>Sender</Type><Code>\(code)</Code><Message>\(message)</Message></Error></ErrorResponse>"
        }
        let two = try notifications(["a", "b"])
        let missing = await topic(error("NotFound", "Topic does not exist"), status: 404).send(two, context: context)
        XCTAssertTrue(missing.allSatisfy { if case .unavailable = $0 { true } else { false } }, "\(missing)")
        let wrong = await topic(error("InvalidParameter", "Invalid parameter: TopicArn"), status: 400)
            .send(two, context: context)
        XCTAssertTrue(wrong.allSatisfy { if case .unavailable = $0 { true } else { false } }, "\(wrong)")
        let throttled = await topic(error("Throttling", "Rate exceeded"), status: 400).send(two, context: context)
        XCTAssertTrue(throttled.allSatisfy { if case .failed = $0 { true } else { false } }, "\(throttled)")
        let page = await topic("<html>busy</html>").send(two, context: context)
        XCTAssertTrue(page.allSatisfy { if case .failed = $0 { true } else { false } }, "unknown is tried again")
    }

    /// An invalid message fails its whole call: sent alone, each message gets its own result.
    func testInvalidMessageIsIsolatedFromItsCall() async throws {
        let sender = TopicSender(
            topicARN: "arn:aws:sns:us-east-1:123456789012:t",
            clients: pool { request in
                guard String(decoding: request.body, as: UTF8.self).contains("bad") else {
                    let body = "<R><Successful><member><Id>0</Id></member></Successful><Failed/></R>"
                    return HTTPResponse(status: 200, body: Array(body.utf8))
                }
                let body = "<R><Error><Code>BatchRequestTooLong</Code><Message>too long</Message></Error></R>"
                return HTTPResponse(status: 400, body: Array(body.utf8))
            })
        let outcomes = await sender.send(try notifications(["a", "bad", "c"]), context: context)
        XCTAssertEqual([outcomes[0], outcomes[2]], [.delivered, .delivered])
        guard case .rejected(let reason) = outcomes[1] else { return XCTFail("\(outcomes)") }
        XCTAssertTrue(reason.contains("BatchRequestTooLong"), reason)
    }

    func testEventBusResponsesAreMatchedByIndex() async throws {
        let body =
            #"{"FailedEntryCount":3,"Entries":[{"EventId":"e"},{"ErrorCode":"InternalFailure","ErrorMessage":"m"},"#
            + #"{"ErrorCode":"ThrottlingException"},{"ErrorCode":"MalformedDetail","ErrorMessage":"d"},{}]}"#
        let sender = EventBusSender(
            eventBus: "default", clients: pool { _ in HTTPResponse(status: 200, body: Array(body.utf8)) })
        let outcomes = await sender.send(try notifications(["a", "b", "c", "d", "e", "f"]), context: context)
        let unknown = SendOutcome.failed(reason: "eventbridge: the response does not mention the event")
        XCTAssertEqual(
            outcomes,
            [
                .delivered, .failed(reason: "eventbridge: InternalFailure: m"),
                .failed(reason: "eventbridge: ThrottlingException"),
                .rejected(reason: "eventbridge: MalformedDetail: d"),
                unknown, unknown,
            ])
    }

    func testMessageIDsAreValidForAnyEntityID() throws {
        let ids = [
            "a", "a b", "é", String(repeating: "x", count: 128), String(repeating: "x", count: 129), "\u{1F3B8}",
        ]
        let made = try notifications(ids)
        for (id, notification) in zip(ids, made) {
            for name in [notification.messageGroupID, notification.messageDeduplicationID] {
                XCTAssertTrue((1...128).contains(name.utf8.count) && name.utf8.allSatisfy { 0x21...0x7E ~= $0 }, id)
            }
        }
        XCTAssertEqual(made[0].messageGroupID, "a")
        XCTAssertEqual(made[0].messageDeduplicationID, "a/concert.announced/2026-11-08T00:00:00Z/1")
        XCTAssertEqual(Set(made.map(\.messageGroupID)).count, ids.count)
        XCTAssertEqual(Set(made.map(\.messageDeduplicationID)).count, ids.count)
        // Repeats by another process have the same IDs; a recurring state has a new one.
        XCTAssertEqual(try notifications(ids).map(\.messageDeduplicationID), made.map(\.messageDeduplicationID))
        let there = [8, 9, 8, 9, 8].enumerated().map { Self.concert("a", $0 + 1, day: $1) }
        let batch = try RecordBatch(decoding: EventText(there))
        let plan = NotificationPlan(batch.observations(settings), known: [:], wanted: settings.types)
        let moves = plan.notifications.map {
            batch.notification(of: batch.records[$0.record], $0.entity, $0.change, $0.state)
        }
        XCTAssertEqual(moves.count, 5)
        XCTAssertEqual(Set(moves.map(\.messageDeduplicationID)).count, 5)
        XCTAssertEqual(Set(moves.map(\.idempotencyKey)).count, 5)
    }
}
