import Basics
import Clients
import Foundation
import Telemetry
import Transport

/// Checks of this machine.
extension Check {
    static let machine = [
        Check(name: "Region") { context in region(&context) },
        Check(name: "CA bundle") { context in certificateBundle(context.session) },
        Check(name: "Credentials") { context in try await credentials(&context) },
        Check(name: "Clock", needs: [.aws]) { context in try await clock(&context) },
        Check(name: "Bootstrap") { context in bootstrap(&context) },
    ]

    private static func region(_ context: inout DiagnosisContext) -> Finding {
        let region = context.region
        let advice = "export AWS_REGION=us-east-1, or pass --region"
        guard Partition.isRegion(region) else {
            context.outage = "requires a Region; see Region"
            return region.isEmpty
                ? .fault("no Region is set", advice) : .fault("invalid Region name \"\(region)\"", advice)
        }
        if let other = context.streamReference.arn.flatMap(ARN.init)?.region, other != region {
            return .fault("\(region), but the stream's ARN is in \(other)", "pass --region \(other)")
        }
        return .ok(region)
    }

    private static func certificateBundle(_ session: AWSSession) -> Finding {
        let advice = "install ca-certificates, or set AWS_CA_BUNDLE to a file with certificates in PEM format"
        guard let path = session.certificateBundle?.path else {
            return .fault("no file with certificate authorities was found, so every HTTPS call fails", advice)
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            return .fault("\(path) cannot be read", advice)
        }
        let text = String(decoding: data, as: UTF8.self)
        let count = text.ranges(of: "-----BEGIN CERTIFICATE-----").count + text.ranges(of: "-----BEGIN TRUSTED").count
        return count == 0
            ? .fault("\(path) does not contain a certificate", advice)
            : .ok("\(path), \(count) certificate\(count == 1 ? "" : "s")")
    }

    private static func credentials(_ context: inout DiagnosisContext) async throws -> Finding {
        guard Partition.isRegion(context.region) else {
            return Finding(verdict: .skipped, text: context.outage ?? "requires a Region")
        }
        let source = context.session.client.configuration.credentials
        let credentials: AWSCredentials
        do {
            credentials = try await DiagnosisContext.limited("credentials") { try await source.credentials() }
        } catch let error as CancellationError {
            throw error
        } catch {
            context.outage = "requires credentials; see Credentials"
            return .fault("\(error)", ErrorAdvice.advice(on: error) ?? setCredentials)
        }
        let origin = await source.origin
        do {
            let answer = try await context.xml(identity)
            context.outage = nil
            let arn = answer.first("Arn")?.text ?? "an identity without an ARN"
            let account = answer.first("Account")?.text ?? "unknown"
            return valid("\(arn), account \(account), from \(origin)", until: credentials.expiration, context.now)
        } catch let error as AWSError {
            guard error.refusal != nil else {
                context.outage = "AWS cannot be reached; see Credentials"
                return .fault("\(error)", ErrorAdvice.advice(on: error))
            }
            context.outage = "requires credentials that AWS accepts; see Credentials"
            return .fault("\(error), with credentials from \(origin)", ErrorAdvice.advice(on: error) ?? setCredentials)
        }
    }

    private static let identity = AWSRequest.sts("GetCallerIdentity")
    private static let setCredentials =
        "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with aws sso login"

    private static func valid(_ text: String, until expiration: WallClock?, _ now: WallClock) -> Finding {
        guard let expiration else { return .ok(text) }
        let minutes = (expiration.millisecondsSinceEpoch - now.millisecondsSinceEpoch) / 60_000
        let words = "\(text), valid until \(TimestampText.text(Double(expiration.millisecondsSinceEpoch) / 1000))"
        return minutes < 10 ? .warning(words, "they expire in \(max(0, minutes)) minutes: renew them") : .ok(words)
    }

    /// Compares the clock with the `Date` of a response.
    ///
    /// AWS rejects signatures that are more than five minutes off.
    private static func clock(_ context: inout DiagnosisContext) async throws -> Finding {
        let answer = try await context.answer(to: identity)
        guard let date = answer.headers["date"].flatMap(WallClock.init(httpDate:)) else {
            return .unknown("the response of sts has no date to compare with")
        }
        // The date has whole seconds, and the response is a little older than now.
        let seconds = Double(context.now.millisecondsSinceEpoch - date.millisecondsSinceEpoch) / 1000
        let offset = Int(abs(seconds).rounded())
        let text = "\(offset) s \(seconds > 0 ? "ahead of" : "behind") AWS's clock"
        switch offset {
        case ..<10: return .ok("within 10 s of AWS's clock")
        case ..<240: return .warning(text, setClock)
        default: return .fault(text + "; AWS rejects requests signed with it", setClock)
        }
    }

    private static let setClock = "timedatectl set-ntp true"

    private static func bootstrap(_ context: inout DiagnosisContext) -> Finding {
        guard let path = context.bootstrapPath else {
            return Finding(verdict: .skipped, text: "none is built here; make package builds dist/bootstrap")
        }
        let build = "make package"
        do throws(ExecutableFile.Failure) {
            let file = try ExecutableFile(path: path)
            context.bootstrap = file
            guard file.isStatic else {
                let needs = file.interpreter.map { "the interpreter \($0)" } ?? "shared libraries"
                return .fault("\(path) is not static: it requires \(needs), which may be missing in Lambda", build)
            }
            guard FileManager.default.isExecutableFile(atPath: path) else {
                return .fault("\(path) is not executable", "chmod +x \(path)")
            }
            return .ok("\(path), static, \(file.machine)")
        } catch {
            return .fault("\(path) \(error)", build)
        }
    }
}
