import Glibc
import LambdaRuntime
import Processor
import Telemetry

/// The composition root: reads settings, creates processors and pipelines, and runs the invocation loop.
///
/// Not asynchronous, because the loop blocks this thread in `next`; concurrent work runs on other threads.
@main
enum Main {
    static func main() {
        // A write to a closed connection must return an error instead of ending the process.
        signal(SIGPIPE, SIG_IGN)
        // A core dump would contain credentials and records.
        var noCore = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &noCore)
        let arguments = processArguments()
        if let option = arguments.first { exit(CommandLineOption.run(option, Array(arguments.dropFirst()))) }
        // Not exit, whose handlers would destroy libraries that other threads still use.
        _exit(serve(environment: processEnvironment()))
    }

    /// Serves invocations until an unrecoverable failure.
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
            log.log(.fatal, "invalid settings: \(error)", ["errorType": .string(SettingsError.errorType)])
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
                    // The process has one variable, which can contain only one trace.
                    traceVariable: concurrency == 1 ? TraceVariable() : nil)
            }
        } catch {
            log.log(.fatal, "\(error)")
            return 1
        }
        return 0
    }
}
