import Clients
import XCTest

@testable import concertctl

final class ErrorAdviceTests: XCTestCase {
    private func advice(_ code: String, region: String? = nil, bucketRegion: String? = nil) -> String {
        var refusal = AWSRefusal(service: "s3", operation: "X", status: 400, code: code, message: "no")
        (refusal.region, refusal.bucketRegion) = (region, bucketRegion)
        return ErrorAdvice.advice(on: AWSError.refused(refusal)) ?? ""
    }

    func testNotFoundNamesTheRegionThatWasQueried() {
        for code in [
            "ResourceNotFoundException", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "NoSuchBucket",
            "NotFound", "ClusterNotFound",
        ] {
            XCTAssertTrue(advice(code, region: "eu-central-2").contains("not found in eu-central-2"), code)
            XCTAssertTrue(advice(code).contains("check the name and the Region"), code)
        }
    }

    func testABucketElsewhereNamesItsRegion() {
        for code in ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"] {
            let known = advice(code, region: "eu-central-2", bucketRegion: "us-west-1")
            XCTAssertTrue(known.contains("in us-west-1, eu-central-2 was queried: pass --region us-west-1"), known)
            let unknown = advice(code, region: "eu-central-2")
            XCTAssertTrue(unknown.contains("another Region, eu-central-2 was queried"), unknown)
            XCTAssertTrue(advice(code).contains("another Region"), code)
        }
    }
}
