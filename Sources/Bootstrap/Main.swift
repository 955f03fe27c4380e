import Glibc
import LambdaRuntime
import Processor
import Telemetry

/// The composition root: settings, processors, pipeline, loop.
///
/// Not asynchronous: the loop blocks this very thread in `next`, and whatever runs concurrently has its own.
@main
enum Main {
    static func main() {
        // A peer that closes must end in an error of the call, not in the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let arguments = CommandLine.arguments.dropFirst()
        if let option = arguments.first { exit(CommandLineOption.run(option, Array(arguments.dropFirst()))) }
        // Not exit: its handlers would tear down libraries that other threads are still inside of.
        _exit(serve(environment: processEnvironment()))
    }

    /// Serves invocations until something fails for good.
    ///
    /// - Returns: The exit status.
    private static func serve(environment: [String: String]) -> Int32 {
        let log = Logger(sink: StandardError())
        guard let address = environment["AWS_LAMBDA_RUNTIME_API"], !address.isEmpty else {
            log.log(
                .fatal,
                "AWS_LAMBDA_RUNTIME_API is not set: Lambda sets it; locally, run this binary through concertctl replay --bootstrap"
            )
            return 1
        }
        guard let endpoint = Endpoint(address) else {
            log.log(.fatal, "AWS_LAMBDA_RUNTIME_API is \"\(address)\"; expected host:port, such as 127.0.0.1:9001")
            return 1
        }
        let settings: Settings
        do throws(SettingsError) { settings = try Settings(environment: environment) } catch {
            log.log(.fatal, "the settings are wrong: \(error)", ["errorType": .string(SettingsError.errorType)])
            let failure = InvocationError(type: SettingsError.errorType, message: error.description)
            InvocationLoop.failInitialization(endpoint, with: failure, log: log)
            return 1
        }
        return serve(endpoint, settings, environment)
    }

    private static func serve(_ endpoint: Endpoint, _ settings: Settings, _ environment: [String: String]) -> Int32 {
        let log = Logger(level: settings.logLevel, format: settings.logFormat, sink: StandardError())
        let termination = Termination()
        termination.watch()
        let concurrency = settings.maxConcurrency
        let metrics =
            settings.isMetricsOn
            ? InvocationMetrics(functionName: settings.functionName, sink: StandardError()) : nil
        let clients = AWSClients(environment: environment)
        let dispatcher = Dispatcher(
            settings.processors.compactMap { $0.make(settings, clients, log: log) },
            optional: Set(settings.optionalProcessors.map(\.rawValue)))
        do throws(RuntimeError) {
            try InvocationLoop(endpoint, log: log, termination: termination).run(concurrency: concurrency) {
                EventHandler(
                    pipeline: Pipeline(dispatcher: dispatcher, log: log, metrics: metrics), settings: settings,
                    // One variable for the whole process can name one trace only.
                    traceVariable: concurrency == 1 ? TraceVariable() : nil)
            }
        } catch {
            log.log(.fatal, "\(error)")
            return 1
        }
        return 0
    }
}

extension Settings.ProcessorName {
    /// The one place where a processor is registered.
    ///
    /// Nil only where settings lack what they always have when the processor was chosen.
    fileprivate func make(_ settings: Settings, _ clients: AWSClients, log: Logger) -> (any RecordProcessor)? {
        switch self {
        case .redshift: settings.redshift.map { RedshiftWriter(settings: $0, log: log, makeClient: clients.make) }
        case .log: LogProcessor(log: log)
        }
    }
}
