import Foundation
import JSON
import XCTest

@testable import Clients

/// Tests of endpoints against the rules of botocore, the AWS CLI's library, as evaluated by `Conformance/generate.py`.
final class EndpointConformanceTests: XCTestCase {
    func testEndpointsFollowAWSsRules() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Conformance/endpoints.json")
        let rows = try XCTUnwrap(JSONValue(parsing: Array(try Data(contentsOf: file)))["rows"]?.array)
        let variants: [(name: String, variant: EndpointVariant)] = [
            ("plain", []), ("fips", .fips), ("dualstack", .dualStack), ("both", [.fips, .dualStack]),
        ]
        var services: Set<String> = []
        for row in rows {
            let name = try XCTUnwrap(row["service"]?.string)
            let region = try XCTUnwrap(row["region"]?.string)
            let service = try XCTUnwrap(AWSService.all.first { $0.name == name }, name)
            services.insert(name)
            XCTAssertTrue(Partition.isRegion(region), region)
            XCTAssertEqual(Partition(region: region).name, row["partition"]?.string, region)
            for (key, variant) in variants {
                var configuration = AWSClient.Configuration(
                    region: region, credentials: FakeCredentialSource(["KEY"]))
                configuration.endpointVariant = variant
                let client = AWSClient(configuration, http: ScriptedHTTPClient([]))
                guard let url = row[key]?.string else {
                    XCTAssertThrowsError(try client.endpoint(of: service), "\(name) \(region) \(key)") { error in
                        XCTAssertTrue("\(error)".contains("unset AWS_USE_FIPS_ENDPOINT"), "\(error)")
                    }
                    continue
                }
                let endpoint = try client.endpoint(of: service)
                XCTAssertEqual(endpoint.origin, url, "\(name) \(region) \(key)")
                XCTAssertEqual("https://" + endpoint.host, url, "\(name) \(region) \(key)")
                XCTAssertEqual(endpoint.signingRegion, row["signing"]?.string, "\(name) \(region) \(key)")
            }
        }
        XCTAssertEqual(services, Set(AWSService.all.map(\.name)), "every service is compared")
        XCTAssertGreaterThan(rows.count, 600)
    }
}
