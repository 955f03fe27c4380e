import Foundation
import FoundationNetworking
import Synchronization

/// A request to one of the tests' stand-ins; blocks until the response has arrived.
struct LoopbackRequest {
    private final class Answer: Sendable {
        let result = Mutex<Result<Data, Failure>?>(nil)
        let isThere = DispatchSemaphore(value: 0)
    }

    var url: String
    /// The body of a POST; `nil` for a GET.
    var body: Data?
    var headers: [String: String] = [:]

    func answer() throws -> Data {
        guard let target = URL(string: url) else { throw Failure("invalid URL \(url)") }
        var request = URLRequest(url: target)
        request.httpMethod = body == nil ? "GET" : "POST"
        request.httpBody = body
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let answer = Answer()
        let task = URLSession.shared.dataTask(with: request) { [url] data, response, error in
            let status = (response as? HTTPURLResponse)?.statusCode
            let text = data.map { String(decoding: $0, as: UTF8.self) } ?? "\(String(describing: error))"
            answer.result.withLock { result in
                result = status == 200 ? .success(data ?? Data()) : .failure(Failure("\(url): \(text)"))
            }
            answer.isThere.signal()
        }
        task.resume()
        answer.isThere.wait()
        guard let result = answer.result.withLock({ $0 }) else { throw Failure("\(url): no answer") }
        return try result.get()
    }
}
