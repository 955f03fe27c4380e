import CCurl

/// The owner of one libcurl easy handle.
///
/// The type is not copyable, so the handle is freed exactly once and never used by two threads at the same time. Each
/// transfer uses the value's own multi handle, which keeps connections open between transfers and which, unlike an easy
/// handle alone, another thread can wake.
///
/// Source: <https://curl.se/libcurl/c/libcurl-easy.html>
@safe struct EasyHandle: ~Copyable {
    private let easy: UnsafeMutableRawPointer
    private let multi: MultiHandle
    /// The buffer for libcurl's error text, which is more specific than the code.
    private let errorText: UnsafeMutableBufferPointer<CChar>

    init() throws(TransportError) {
        guard isLibraryReady, let multi = MultiHandle(), let easy = unsafe curl_easy_init() else {
            throw TransportError(CURLE_FAILED_INIT, doing: "start libcurl", reason: "not enough memory")
        }
        unsafe (self.easy, self.multi) = (easy, multi)
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0)
    }

    deinit {
        unsafe curl_easy_cleanup(easy)
        unsafe errorText.deallocate()
    }

    /// The handle with which another thread makes a running ``perform(_:_:)`` check whether its task was cancelled.
    var waker: MultiHandle { multi }

    /// Runs one transfer, which blocks the calling thread.
    ///
    /// - Throws: ``TransportError``, with the code `CURLE_ABORTED_BY_CALLBACK` if the current task was cancelled.
    mutating func perform(
        _ request: HTTPRequest, _ configuration: CurlHTTPClient.Configuration
    ) throws(TransportError) -> HTTPResponse {
        unsafe curl_easy_reset(easy)
        unsafe errorText.update(repeating: 0)
        try set(configuration)
        try set(request, configuration)
        let head = unsafe try headerList(of: request)
        defer { unsafe curl_slist_free_all(head) }
        try unsafe check(ccurl_set_pointer(easy, CURLOPT_HTTPHEADER, head), doing: "set the headers")

        // libcurl reads the body in place, without copying up to 6 MB.
        var answer = PartialResponse(bodyLimit: configuration.bodyLimit)
        let code = unsafe request.body.withUnsafeBufferPointer { body in
            unsafe withUnsafeMutablePointer(to: &answer) { answer in
                unsafe attach(body, for: request.method, answer)
            }
        }
        var status = 0
        try unsafe check(ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &status), doing: "read the status")
        // An interim response, such as 100, is not the final one.
        let isEnough = configuration.cutsBody && answer.isHeadComplete && status >= 200
        if code != CURLE_OK, !isEnough {
            if let problem = answer.problem {
                throw TransportError(
                    CURLE_FILESIZE_EXCEEDED, doing: "read the response of \(request.host)", reason: problem)
            }
            try check(code, doing: "complete the request to \(request.host)")
        }
        // libcurl treats a connection that ends within the head as the end of the response.
        guard answer.isHeadComplete else {
            let reason = "the connection ended within the head of the response"
            throw TransportError(CURLE_RECV_ERROR, doing: "complete the request to \(request.host)", reason: reason)
        }
        return HTTPResponse(status: status, headers: answer.headers, body: answer.body)
    }
}

/// Options. All are set for each request, so that none is inherited from the previous one.
extension EasyHandle {
    private func set(_ configuration: CurlHTTPClient.Configuration) throws(TransportError) {
        try unsafe check(
            ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText.baseAddress), doing: "set the error text")
        // libcurl would use signals to time out name lookups, which conflicts with Swift's threads.
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_PATH_AS_IS, 1)
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try set(CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout.wholeMilliseconds)
        try unsafe check(ccurl_allow_only_http(easy), doing: "allow only http and https")
        try unsafe check(ccurl_abandon_lookups(easy), doing: "let name lookups be abandoned")
        if !configuration.honoursProxyEnvironment { try set(CURLOPT_PROXY, "") }

        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        // libcurl's built-in paths are disabled: only the configured bundle is trusted.
        try set(CURLOPT_CAINFO, configuration.certificateBundle?.path)
        try set(CURLOPT_CAPATH, nil)
    }

    private func set(_ request: HTTPRequest, _ configuration: CurlHTTPClient.Configuration) throws(TransportError) {
        if request.isSecure, configuration.certificateBundle == nil {
            let reason = "no CA bundle was found; set AWS_CA_BUNDLE to the path of one"
            throw TransportError(CURLE_SSL_CACERT_BADFILE, doing: "trust \(request.host)", reason: reason)
        }
        for (part, text) in [("method", request.method), ("URL", request.url)] where !text.isOneLine {
            let reason = "it contains a control character"
            throw TransportError(CURLE_BAD_FUNCTION_ARGUMENT, doing: "set the \(part)", reason: reason)
        }
        try set(CURLOPT_URL, request.url)
        if request.method == "HEAD" {
            try set(CURLOPT_NOBODY, 1)
        } else {
            try set(CURLOPT_CUSTOMREQUEST, request.method)
        }
        if let timeout = request.timeout { try set(CURLOPT_TIMEOUT_MS, timeout.wholeMilliseconds) }
    }

    /// Returns the caller's headers, and for each header that libcurl would add, an entry that suppresses it.
    private func headerList(of request: HTTPRequest) throws(TransportError) -> UnsafeMutablePointer<curl_slist>? {
        var lines: [String] = []
        for header in request.headers {
            guard header.name.isOneLine, header.value.isOneLine, !header.name.isEmpty,
                !header.name.utf8.contains(UInt8(ascii: ":"))
            else {
                let reason = "its name or value contains a control character, or its name is empty or contains a colon"
                throw TransportError(
                    CURLE_BAD_FUNCTION_ARGUMENT, doing: "set the header \(header.name)", reason: reason)
            }
            // libcurl removes the header for "Name:"; a semicolon means an empty value.
            lines.append(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
        }
        for name in ["Accept", "Content-Type", "Expect"]
        where !request.headers.contains(where: { $0.name.isEqualIgnoringCase(to: name) }) {
            lines.append("\(name):")
        }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = unsafe curl_slist_append(list, line) else {
                unsafe curl_slist_free_all(list)
                throw TransportError(CURLE_OUT_OF_MEMORY, doing: "set the headers", reason: "not enough memory")
            }
            unsafe list = longer
        }
        return unsafe list
    }

    private func set(_ option: CURLoption, _ value: Int) throws(TransportError) {
        try unsafe check(ccurl_set_long(easy, option, value), doing: "set option \(option.rawValue) to \(value)")
    }

    private func set(_ option: CURLoption, _ value: String?) throws(TransportError) {
        try unsafe check(ccurl_set_string(easy, option, value), doing: "set option \(option.rawValue)")
    }

    private func check(_ code: CURLcode, doing action: @autoclosure () -> String) throws(TransportError) {
        guard code != CURLE_OK else { return }
        let detail = unsafe errorText.baseAddress.map { unsafe String(cString: $0) } ?? ""
        let reason = detail.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : detail
        throw TransportError(code, doing: action(), reason: reason)
    }
}

/// Transfers.
extension EasyHandle {
    /// Gives libcurl access to its buffers until the transfer ends, and runs it.
    private func attach(
        _ body: UnsafeBufferPointer<UInt8>, for method: String, _ answer: UnsafeMutablePointer<PartialResponse>
    ) -> CURLcode {
        var codes = unsafe [
            ccurl_set_sink(easy, CURLOPT_HEADERFUNCTION, takeHeaderLine),
            ccurl_set_pointer(easy, CURLOPT_HEADERDATA, answer),
            ccurl_set_sink(easy, CURLOPT_WRITEFUNCTION, takeBody),
            ccurl_set_pointer(easy, CURLOPT_WRITEDATA, answer),
        ]
        // A POST or PUT without a body must send Content-Length: 0; other methods omit the header.
        if !body.isEmpty || ["POST", "PUT", "PATCH"].contains(method) {
            codes += unsafe [
                ccurl_set_large(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)),
                body.isEmpty
                    ? ccurl_set_string(easy, CURLOPT_COPYPOSTFIELDS, "")
                    : ccurl_set_pointer(easy, CURLOPT_POSTFIELDS, body.baseAddress),
            ]
        }
        return unsafe codes.first { $0 != CURLE_OK } ?? multi.run(easy)
    }
}

/// The owner of one libcurl multi handle, which keeps connections open and waits for the network.
///
/// It is a class because a cancellation handler on another thread may retain it while a transfer ends. According to
/// libcurl, ``wake()`` is the only function that such a thread may call.
///
/// Source: <https://curl.se/libcurl/c/curl_multi_wakeup.html>
@safe final class MultiHandle: Sendable {
    private nonisolated(unsafe) let multi: UnsafeMutableRawPointer

    init?() {
        guard let multi = unsafe curl_multi_init() else { return nil }
        unsafe self.multi = multi
    }

    deinit { unsafe _ = curl_multi_cleanup(multi) }

    /// Makes ``run(_:)`` check immediately whether its task was cancelled; has no effect if nothing runs.
    func wake() { unsafe _ = curl_multi_wakeup(multi) }

    /// Runs one transfer until it completes or the current task is cancelled.
    fileprivate func run(_ easy: UnsafeMutableRawPointer) -> CURLcode {
        let code = unsafe begin(easy)
        unsafe end(easy)
        return code
    }

    /// Runs one transfer but keeps its handle attached until ``end(_:)``, as a connect-only connection requires.
    func begin(_ easy: UnsafeMutableRawPointer) -> CURLcode {
        guard unsafe curl_multi_add_handle(multi, easy) == CURLM_OK else { return CURLE_FAILED_INIT }
        var running: Int32 = 0
        while !Task.isCancelled {
            guard unsafe curl_multi_perform(multi, &running) == CURLM_OK else { return CURLE_FAILED_INIT }
            if running == 0 {
                let code = unsafe ccurl_finished(multi)
                return code < 0 ? CURLE_FAILED_INIT : CURLcode(rawValue: UInt32(code))
            }
            // Wakes up for the network, for libcurl's timers and for wake(); the timeout only limits an idle wait.
            guard unsafe curl_multi_poll(multi, nil, 0, 60_000, nil) == CURLM_OK else { return CURLE_FAILED_INIT }
        }
        return CURLE_ABORTED_BY_CALLBACK
    }

    func end(_ easy: UnsafeMutableRawPointer) { unsafe _ = curl_multi_remove_handle(multi, easy) }

    /// Waits until a socket is ready for one of `events`, until ``wake()``, or until the timeout expires.
    ///
    /// - Returns: False if waiting failed.
    func wait(for events: Int32, on socket: curl_socket_t, milliseconds: Int32) -> Bool {
        var look = curl_waitfd(fd: socket, events: Int16(events), revents: 0)
        return unsafe curl_multi_poll(multi, &look, 1, milliseconds, nil) == CURLM_OK
    }
}

/// libcurl's global initialization, at the first request: a cold start without requests does not pay for it.
let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

/// Returns names and versions of libcurl and its libraries, such as `libcurl/7.88.1 OpenSSL/3.0.22`.
func curlVersions() -> String { unsafe String(cString: ccurl_version()) }

/// Receives one line of the response's head; libcurl calls it, and fails the transfer if it returns a smaller count.
private func takeHeaderLine(
    _ bytes: UnsafeMutablePointer<CChar>, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer
) -> Int {
    let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    return unsafe context.assumingMemoryBound(to: PartialResponse.self).pointee.takeHeaderLine(line) ? size * count : 0
}

/// Receives a part of the response's body; libcurl calls it, and fails the transfer if it returns a smaller count.
private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer
) -> Int {
    let piece = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    return unsafe context.assumingMemoryBound(to: PartialResponse.self).pointee.takeBody(piece) ? size * count : 0
}
