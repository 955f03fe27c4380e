import Telemetry

/// The settings that Lambda provides.
package struct LambdaSettings: Sendable, Equatable {
    package let logLevel: Logger.Level
    package let logFormat: Logger.Format
    package let functionName: String
    /// The number of concurrent invocations.
    package let maxConcurrency: Int
    /// The function's memory, in bytes; nil outside of Lambda.
    package let memory: Int?

    package static let runtimeAPI = Setting(
        "AWS_LAMBDA_RUNTIME_API", .text("`host:port`, `host:port/path`"), required: "by Lambda",
        "the address of the Runtime API")
    package static let logLevel = Setting<Logger.Level>(
        "AWS_LAMBDA_LOG_LEVEL",
        .choice([
            "trace": .trace, "debug": .debug, "info": .info, "warn": .warn, "error": .error, "fatal": .fatal,
        ]), default: .info, "the lowest level of log lines to write")
    package static let logFormat = Setting<Logger.Format>(
        "AWS_LAMBDA_LOG_FORMAT", .choice(["json": .json, "text": .text]), default: .json, "the format of log lines")
    package static let functionName = Setting(
        "AWS_LAMBDA_FUNCTION_NAME", .text("name"), default: "concert-data-processor",
        "the function's name, which is a dimension of its metrics")
    package static let maxConcurrency = Setting(
        "AWS_LAMBDA_MAX_CONCURRENCY", .integer(1...1000), default: 1, "the number of concurrent invocations")
    package static let memory = Setting(
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", .integer(1...1_048_576),
        "the function's memory in MB. It limits the text that is retained from one batch to a quarter of the memory, divided by the concurrency, or to 96 MiB if not set; the records after it fail and are redelivered"
    )

    package init(_ reader: inout SettingsReader) {
        logLevel = reader.read(Self.logLevel)
        logFormat = reader.read(Self.logFormat)
        functionName = reader.read(Self.functionName)
        maxConcurrency = reader.read(Self.maxConcurrency)
        memory = reader.read(Self.memory).map { $0 * 1_048_576 }
    }

    /// The most bytes of text to retain from one batch: a quarter of the function's memory, shared by concurrent invocations.
    ///
    /// Processors copy the text, which requires the rest of the memory.
    package var batchTextLimit: Int { memory.map { $0 / 4 / maxConcurrency } ?? Pipeline.defaultBatchTextLimit }
}
