@testable import Clients
@testable import Transport

/// Responses of AWS services: parsed, or rejected with a message without control characters.
struct AWSTarget: FuzzTarget {
    func check(_ bytes: [UInt8]) {
        // The headers, an empty line, and the body.
        let parts = bytes.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false).map(Array.init)
        let headers: HTTPHeaders = ["x-amzn-errortype": String(decoding: parts[0], as: UTF8.self)]
        let status = parts.count > 1 ? 200 + Int(parts[1].first ?? 0) * 2 : 400
        let response = AWSResponse(
            service: "kinesis", operation: "PutRecords", status: status, headers: headers, body: parts.last ?? [])
        _ = try? response.json()
        if let element = try? response.xml() { mustHold(!element.name.isEmpty, "an element without a name") }
        let error = response.error(attempts: 3, mask: SecretMask(nil))
        let words = "\(error)"
        mustHold(!words.isEmpty, "refused without a word")
        _ = error.isDefinite
    }
}
