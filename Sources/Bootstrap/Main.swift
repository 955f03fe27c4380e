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
        // A core dump would hold credentials and records.
        var noCore = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &noCore)
        let arguments = processArguments()
        if let option = arguments.first { exit(CommandLineOption.run(option, Array(arguments.dropFirst()))) }
        // Not exit: its handlers would tear down libraries that other threads are still inside of.
        _exit(serve(environment: processEnvironment()))
    }

    /// Serves invocations until something fails for good.
    ///
    /// - Returns: The exit status.
    private static func serve(environment: [String: String]) -> Int32 {
        let log = Logger(sink: StandardError())
        guard let address = SettingsReader(environment).text(of: LambdaSettings.runtimeAPI) else {
            log.log(
                .fatal,
                "AWS_LAMBDA_RUNTIME_API is not set: Lambda sets it; locally, run this binary through concertctl replay --bootstrap"
            )
            return 1
        }
        guard let endpoint = Endpoint(address) else {
            log.log(
                .fatal,
                "AWS_LAMBDA_RUNTIME_API is \"\(address)\"; expected host:port or host:port/path, such as 127.0.0.1:9001"
            )
            return 1
        }
        do throws(SettingsError) {
            let settings = try Settings(environment: environment)
            let (general, lambda) = (settings.general, settings.lambda)
            let log = Logger(level: lambda.logLevel, format: lambda.logFormat, sink: StandardError())
            let pipeline = Pipeline(
                dispatcher: Dispatcher(
                    settings.processors.map { $0.make(log) }, optional: Set(general.optionalProcessors.map(\.name))),
                deadLetters: settings.deadLetters, log: log,
                metrics: general.isMetricsOn
                    ? InvocationMetrics(
                        functionName: lambda.functionName, level: lambda.logLevel, sink: StandardError()) : nil,
                aggregatesWindows: general.aggregatesWindows, batchTextLimit: lambda.batchTextLimit)
            let loader = LoadPipeline(
                settings.loader, log: log,
                metrics: general.isMetricsOn
                    ? LoadPipeline.Metrics(
                        functionName: lambda.functionName, level: lambda.logLevel, sink: StandardError()) : nil)
            return serve(endpoint, settings, pipeline, loader, log)
        } catch {
            log.log(.fatal, "the settings are wrong: \(error)", ["errorType": .string(SettingsError.errorType)])
            let failure = InvocationError(type: SettingsError.errorType, message: error.description)
            InvocationLoop.failInitialization(endpoint, with: failure, log: log)
            return 1
        }
    }

    private static func serve(
        _ endpoint: Endpoint, _ settings: Settings, _ pipeline: Pipeline, _ loader: LoadPipeline, _ log: Logger
    ) -> Int32 {
        let termination = Termination()
        termination.watch()
        let concurrency = settings.lambda.maxConcurrency
        do throws(RuntimeError) {
            try InvocationLoop(endpoint, log: log, termination: termination).run(concurrency: concurrency) {
                EventHandler(
                    pipeline: pipeline, loader: loader, settings: settings,
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
