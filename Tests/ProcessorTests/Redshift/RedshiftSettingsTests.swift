import XCTest

@testable import Processor

final class RedshiftSettingsTests: XCTestCase {
    private static let least = ["REDSHIFT_WORKGROUP_NAME": "wg", "REDSHIFT_DATABASE": "dev"]
    private static let role = "arn:aws:iam::123456789012:role/copy"

    func testReadsEachVariable() throws {
        let least = try RedshiftSettings(environment: Self.least)
        XCTAssertEqual(least.warehouse, .workgroup("wg"))
        XCTAssertEqual(least.database, "dev")
        XCTAssertEqual(least.login, .iam)
        XCTAssertEqual(least.quotedSchema, "\"concert_dw\"")
        XCTAssertNil(least.staging)

        let most = try RedshiftSettings(environment: [
            "REDSHIFT_CLUSTER_IDENTIFIER": "cl", "REDSHIFT_DATABASE": "dev", "REDSHIFT_DB_USER": "writer",
            "REDSHIFT_SCHEMA": "Dw_2", "REDSHIFT_STAGING_BUCKET": "a-bucket", "REDSHIFT_COPY_ROLE_ARN": Self.role,
        ])
        XCTAssertEqual(most.warehouse, .cluster("cl"))
        XCTAssertEqual(most.login, .user("writer"))
        XCTAssertEqual(most.quotedSchema, "\"dw_2\"")
        let staging = RedshiftSettings.Staging(bucket: "a-bucket", roleARN: Self.role, loadObjectLimit: 10_000)
        XCTAssertEqual(most.load, .direct(staging))
        let staged = try RedshiftSettings(
            environment: Self.least.merging([
                "REDSHIFT_LOAD": "staged", "REDSHIFT_STAGING_BUCKET": "a-bucket", "REDSHIFT_COPY_ROLE_ARN": Self.role,
                "LOAD_OBJECT_LIMIT": "20",
            ]) { $1 })
        XCTAssertEqual(
            staged.load,
            .staged(RedshiftSettings.Staging(bucket: "a-bucket", roleARN: Self.role, loadObjectLimit: 20)))
        let secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"
        let login = try RedshiftSettings(environment: Self.least.merging(["REDSHIFT_SECRET_ARN": secret]) { $1 }).login
        XCTAssertEqual(login, .secret(secret))
    }

    func testReportsEveryInvalidOrMissingVariable() {
        let cases: [(environment: [String: String], names: [String], line: UInt)] = [
            ([:], ["REDSHIFT_WORKGROUP_NAME or REDSHIFT_CLUSTER_IDENTIFIER", "REDSHIFT_DATABASE"], #line),
            (Self.least.merging(["REDSHIFT_DATABASE": ""]) { $1 }, ["REDSHIFT_DATABASE must be set"], #line),
            (Self.least.merging(["REDSHIFT_CLUSTER_IDENTIFIER": "c"]) { $1 }, ["are both set"], #line),
            (
                Self.least.merging(["REDSHIFT_DB_USER": "u"]) { $1 },
                ["REDSHIFT_DB_USER and REDSHIFT_WORKGROUP_NAME are both set"], #line
            ),
            (
                [
                    "REDSHIFT_CLUSTER_IDENTIFIER": "c", "REDSHIFT_DATABASE": "d", "REDSHIFT_DB_USER": "u",
                    "REDSHIFT_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:s",
                ], ["REDSHIFT_SECRET_ARN and REDSHIFT_DB_USER are both set"], #line
            ),
            (Self.least.merging(["REDSHIFT_SECRET_ARN": "password"]) { $1 }, ["REDSHIFT_SECRET_ARN is not"], #line),
            (
                Self.least.merging(["REDSHIFT_SECRET_ARN": "arn:aws:iam::123456789012:role/secretsmanager"]) { $1 },
                ["REDSHIFT_SECRET_ARN is not"], #line
            ),
            (
                Self.least.merging(["REDSHIFT_LOAD": "x"]) { $1 },
                ["REDSHIFT_LOAD is \"x\"; expected one of direct, staged"], #line
            ),
            (Self.least.merging(["REDSHIFT_LOAD": "staged"]) { $1 }, ["REDSHIFT_STAGING_BUCKET and"], #line),
            (Self.least.merging(["LOAD_OBJECT_LIMIT": "0"]) { $1 }, ["LOAD_OBJECT_LIMIT is \"0\""], #line),
            (Self.least.merging(["REDSHIFT_SCHEMA": "a\"; DROP"]) { $1 }, ["REDSHIFT_SCHEMA is"], #line),
            (Self.least.merging(["REDSHIFT_SCHEMA": "1a"]) { $1 }, ["REDSHIFT_SCHEMA is \"1a\""], #line),
            (Self.least.merging(["REDSHIFT_SCHEMA": "ä"]) { $1 }, ["REDSHIFT_SCHEMA is"], #line),
            (Self.least.merging(["REDSHIFT_SCHEMA": "a\u{301}"]) { $1 }, ["REDSHIFT_SCHEMA is"], #line),
            (Self.least.merging(["REDSHIFT_SCHEMA": "1\u{301}a"]) { $1 }, ["REDSHIFT_SCHEMA is"], #line),
            (
                Self.least.merging(["REDSHIFT_STAGING_BUCKET": "bucket"]) { $1 },
                ["REDSHIFT_STAGING_BUCKET is set without REDSHIFT_COPY_ROLE_ARN"],
                #line
            ),
            (
                Self.least.merging(["REDSHIFT_COPY_ROLE_ARN": Self.role]) { $1 },
                ["REDSHIFT_COPY_ROLE_ARN is set without REDSHIFT_STAGING_BUCKET"], #line
            ),
            (
                Self.least.merging(["REDSHIFT_STAGING_BUCKET": "No_Bucket", "REDSHIFT_COPY_ROLE_ARN": "x' --"]) { $1 },
                ["REDSHIFT_STAGING_BUCKET is \"No_Bucket\"", "REDSHIFT_COPY_ROLE_ARN is"], #line
            ),
            (
                Self.least.merging([
                    "REDSHIFT_STAGING_BUCKET": "bucket",
                    "REDSHIFT_COPY_ROLE_ARN": "arn:aws:iam::123456789012:user/:role/copy",
                ]) { $1 },
                ["REDSHIFT_COPY_ROLE_ARN is"], #line
            ),
            (
                Self.least.merging([
                    "REDSHIFT_STAGING_BUCKET": "bucket", "REDSHIFT_COPY_ROLE_ARN": "arn:aws:s3:::bucket:role/copy",
                ]) { $1 },
                ["REDSHIFT_COPY_ROLE_ARN is"], #line
            ),
            (
                Self.least.merging([
                    "REDSHIFT_STAGING_BUCKET": "bucket",
                    "REDSHIFT_COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/c'; --",
                ]) { $1 },
                ["REDSHIFT_COPY_ROLE_ARN is"], #line
            ),
            (
                Self.least.merging([
                    "REDSHIFT_STAGING_BUCKET": "bucket",
                    "REDSHIFT_COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/\\u{301}copy",
                ]) { $1 },
                ["REDSHIFT_COPY_ROLE_ARN is"], #line
            ),
        ]
        for (environment, names, line) in cases {
            do throws(SettingsError) {
                XCTFail("\(try RedshiftSettings(environment: environment))", line: line)
            } catch {
                XCTAssertEqual(error.problems.count, names.count, "\(error)", line: line)
                for name in names { XCTAssertTrue(error.description.contains(name), "\(error)", line: line) }
            }
        }
    }

    func testSettingsAreReadOnlyIfTheProcessorIsChosen() throws {
        XCTAssertNoThrow(try Settings(environment: ["REDSHIFT_SCHEMA": "1"]))
        let chosen = Self.least.merging(["PROCESSORS": "log,redshift", "AWS_REGION": "us-east-1"]) { $1 }
        XCTAssertEqual(try Settings(environment: chosen).processors.map(\.name), ["log", "redshift"])
        XCTAssertThrowsError(try Settings(environment: chosen.merging(["REDSHIFT_SCHEMA": "1"]) { $1 }))
        XCTAssertThrowsError(try Settings(environment: ["PROCESSORS": "redshift", "METRICS": "x"])) { error in
            let names = ["REDSHIFT_WORKGROUP_NAME or", "REDSHIFT_DATABASE", "AWS_REGION", "METRICS"]
            let problems = (error as? SettingsError)?.problems ?? []
            XCTAssertEqual(problems.count, names.count, "\(problems)")
            for name in names { XCTAssertTrue(problems.contains { $0.hasPrefix(name) }, "\(name): \(problems)") }
        }
    }
}
