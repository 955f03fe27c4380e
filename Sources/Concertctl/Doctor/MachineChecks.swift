import Clients
import Foundation
import Telemetry
import Transport

/// What must be right on this machine.
extension Check {
    static let machine = [
        Check(name: "Region") { examination in region(&examination) },
        Check(name: "CA bundle") { examination in certificateBundle(examination.session) },
        Check(name: "Credentials") { examination in try await credentials(&examination) },
        Check(name: "Clock", needs: [.aws]) { examination in try await clock(&examination) },
        Check(name: "Bootstrap") { examination in bootstrap(&examination) },
    ]

    private static func region(_ examination: inout Examination) -> Finding {
        let region = examination.region
        let advice = "export AWS_REGION=us-east-1, or give --region"
        guard Partition.isRegion(region) else {
            examination.outage = "needs a Region; see Region"
            return region.isEmpty
                ? .fault("no Region is set", advice) : .fault("\"\(region)\" is no Region's name", advice)
        }
        if let other = examination.streamReference.arn.flatMap(ARN.init)?.region, other != region {
            return .fault("\(region), but the stream's ARN is of \(other)", "give --region \(other)")
        }
        return .ok(region)
    }

    private static func certificateBundle(_ session: AWSSession) -> Finding {
        let advice = "install ca-certificates, or set AWS_CA_BUNDLE to a file of certificates in PEM form"
        guard let path = session.certificateBundle?.path else {
            return .fault("no file of certificate authorities was found; no HTTPS call can succeed", advice)
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            return .fault("\(path) cannot be read", advice)
        }
        let text = String(decoding: data, as: UTF8.self)
        let count = text.ranges(of: "-----BEGIN CERTIFICATE-----").count + text.ranges(of: "-----BEGIN TRUSTED").count
        return count == 0
            ? .fault("\(path) holds no certificate", advice)
            : .ok("\(path), \(count) certificate\(count == 1 ? "" : "s")")
    }

    private static func credentials(_ examination: inout Examination) async throws -> Finding {
        guard Partition.isRegion(examination.region) else {
            return Finding(verdict: .skipped, text: examination.outage ?? "needs a Region")
        }
        let source = examination.session.client.configuration.credentials
        let credentials: AWSCredentials
        do {
            credentials = try await Examination.limited("credentials") { try await source.credentials() }
        } catch let error as CancellationError {
            throw error
        } catch {
            examination.outage = "needs credentials; see Credentials"
            return .fault("\(error)", ErrorAdvice.advice(on: error) ?? setCredentials)
        }
        let origin = await source.origin
        do {
            let answer = try await examination.xml(identity)
            examination.outage = nil
            let arn = answer.first("Arn")?.text ?? "an identity without an ARN"
            let account = answer.first("Account")?.text ?? "unknown"
            return valid("\(arn), account \(account), from \(origin)", until: credentials.expiration, examination.now)
        } catch let error as AWSError {
            guard error.refusal != nil else {
                examination.outage = "AWS cannot be reached; see Credentials"
                return .fault("\(error)", ErrorAdvice.advice(on: error))
            }
            examination.outage = "needs credentials that AWS accepts; see Credentials"
            return .fault("\(error), with those from \(origin)", ErrorAdvice.advice(on: error) ?? setCredentials)
        }
    }

    private static let identity = AWSRequest.sts("GetCallerIdentity")
    private static let setCredentials =
        "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with aws sso login"

    private static func valid(_ text: String, until expiration: WallClock?, _ now: WallClock) -> Finding {
        guard let expiration else { return .ok(text) }
        let minutes = (expiration.millisecondsSinceEpoch - now.millisecondsSinceEpoch) / 60_000
        let words = "\(text), valid until \(TimestampText.text(Double(expiration.millisecondsSinceEpoch) / 1000))"
        return minutes < 10 ? .warning(words, "they last \(max(0, minutes)) more minutes: renew them") : .ok(words)
    }

    /// Compares with the `Date` of an answer; signatures are refused when they are more than five minutes off.
    private static func clock(_ examination: inout Examination) async throws -> Finding {
        let answer = try await examination.answer(to: identity)
        guard let date = answer.headers["date"].flatMap(WallClock.init(httpDate:)) else {
            return .unknown("the answer of sts has no date to compare with")
        }
        // The date has whole seconds, and the answer came a little before now.
        let seconds = Double(examination.now.millisecondsSinceEpoch - date.millisecondsSinceEpoch) / 1000
        let offset = Int(abs(seconds).rounded())
        let text = "\(offset) s \(seconds > 0 ? "ahead of" : "behind") AWS's clock"
        switch offset {
        case ..<10: return .ok("agrees with AWS's clock within 10 s")
        case ..<240: return .warning(text, setClock)
        default: return .fault(text + "; requests signed by it are refused", setClock)
        }
    }

    private static let setClock = "timedatectl set-ntp true"

    private static func bootstrap(_ examination: inout Examination) -> Finding {
        guard let path = examination.bootstrapPath else {
            return Finding(verdict: .skipped, text: "none was built here; make package builds dist/bootstrap")
        }
        let build = "make package"
        do throws(ExecutableFile.Failure) {
            let file = try ExecutableFile(path: path)
            examination.bootstrap = file
            guard file.isStatic else {
                let needs = file.interpreter.map { "the interpreter \($0)" } ?? "shared libraries"
                return .fault("\(path) is not static: it needs \(needs), which Lambda may not have", build)
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
