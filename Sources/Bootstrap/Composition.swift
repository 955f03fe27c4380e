import Clients
import JSON
import Processor
import Telemetry
import Transport

/// What the environment asks for: the settings, and the means of those processors that were chosen.
struct Composition {
    let settings: Settings
    /// Nil when nothing calls AWS.
    private let clients: AWSClients?
    private let certificateBundle: CertificateBundle?
    /// Why a load event fails; records do not need these settings.
    private let loaderProblems: [String]

    /// - Throws: ``SettingsError`` naming all that is wrong.
    init(environment: [String: String]) throws(SettingsError) {
        var problems: [String] = []
        let settings = Self.gather(&problems) { () throws(SettingsError) in try Settings(environment: environment) }
        // Looked for in the text, so that both kinds of complaints are told at once.
        let hasDeadLetters = ["DEAD_LETTER_QUEUE_URL", "DEAD_LETTER_BUCKET"].contains {
            environment[$0]?.isEmpty == false
        }
        let callsAWS =
            hasDeadLetters
            || Settings.ProcessorName.allCases.contains {
                $0.callsAWS(environment) && environment["PROCESSORS"]?.contains(bytes: $0.rawValue) == true
            }
        var loaderProblems = settings?.loaderProblems ?? []
        if callsAWS {
            clients = Self.gather(&problems) { () throws(SettingsError) in try AWSClients(environment) }
        } else if settings?.loader != nil {
            // A load event without them fails; records do not need them.
            clients = Self.gather(&loaderProblems) { () throws(SettingsError) in try AWSClients(environment) }
        } else {
            clients = nil
        }
        self.loaderProblems = loaderProblems
        certificateBundle = CertificateBundle(environment: environment)
        guard let settings, problems.isEmpty else { throw SettingsError(problems: problems) }
        self.settings = settings
    }

    private static func gather<Value>(
        _ problems: inout [String], _ make: () throws(SettingsError) -> Value
    ) -> Value? {
        do throws(SettingsError) { return try make() } catch {
            problems += error.problems
            return nil
        }
    }

    /// The one place where a processor is registered.
    func processors(log: Logger) throws(SettingsError) -> [any RecordProcessor] {
        var made: [any RecordProcessor] = []
        for name in settings.processors {
            switch name {
            case .redshift:
                // Never left out silently: what it has not taken must not be acknowledged.
                guard let redshift = settings.redshift, let clients else {
                    throw SettingsError(problems: ["redshift was chosen, and REDSHIFT_... was not read"])
                }
                if redshift.load == .staged, let writer = StagingWriter(settings: redshift, makeClient: clients.make) {
                    made.append(writer)
                } else {
                    made.append(RedshiftWriter(settings: redshift, log: log, makeClient: clients.make))
                }
            case .cache:
                guard let cache = settings.cache else {
                    throw SettingsError(problems: ["cache was chosen, and CACHE_... was not read"])
                }
                made.append(
                    CacheUpdater(settings: cache, log: log) { [clients, certificateBundle] in
                        RedisClient(cache, clients, certificateBundle)
                    })
            case .notifier: made.append(try notifier(log: log))
            case .log: made.append(LogProcessor(log: log))
            }
        }
        return made
    }

    /// What answers events that ask for loads.
    func loader(log: Logger) -> LoadPipeline {
        LoadPipeline(
            settings: settings.loader, problems: loaderProblems, log: log,
            metrics: settings.isMetricsOn
                ? LoadPipeline.Metrics(
                    functionName: settings.functionName, level: settings.logLevel, sink: StandardError()) : nil,
            makeClient: clients?.make)
    }

    /// Where records go that nobody can process; nil where they fail.
    func deadLetters() throws(SettingsError) -> DeadLetterWriter? {
        guard let deadLetters = settings.deadLetters else { return nil }
        // Never left out silently: the shard would wait for what its owner thinks is taken care of.
        guard let clients else { throw SettingsError(problems: ["DEAD_LETTER_... is set, and AWS_... was not read"]) }
        return DeadLetterWriter(settings: deadLetters, makeClient: clients.make)
    }

    private func notifier(log: Logger) throws(SettingsError) -> Notifier {
        guard let notifier = settings.notifier, !notifier.callsAWS || clients != nil else {
            throw SettingsError(problems: ["notifier was chosen, and NOTIFY_... was not read"])
        }
        let memory = settings.cache.map { [clients, certificateBundle] cache in
            (makeClient: { @Sendable in RedisClient(cache, clients, certificateBundle) }, keyPrefix: cache.keyPrefix)
        }
        return Notifier(
            settings: notifier, log: log, memory: memory,
            makeAWS: clients?.make,
            makeHTTP: { [certificateBundle] in
                CurlHTTPClient(Notifier.webhookConfiguration(certificateBundle))
            })
    }
}

extension Settings.ProcessorName {
    /// Whether AWS's own settings are needed, too.
    fileprivate func callsAWS(_ environment: [String: String]) -> Bool {
        let isCacheIAM = environment["CACHE_URL"]?.isEmpty == false && environment["CACHE_AUTH"]?.lowercased() == "iam"
        return switch self {
        case .redshift: true
        case .cache: isCacheIAM
        case .notifier:
            isCacheIAM || ["NOTIFY_TOPIC_ARN", "NOTIFY_EVENT_BUS"].contains { environment[$0]?.isEmpty == false }
        case .log: false
        }
    }
}

extension RedisClient {
    /// A client that connects when it is first used.
    fileprivate init(_ settings: CacheSettings, _ clients: AWSClients?, _ certificateBundle: CertificateBundle?) {
        var configuration = RedisConnection.Configuration()
        configuration.database = settings.database
        configuration.certificateBundle = certificateBundle
        let login = settings.login
        switch settings.authentication {
        case .password: configuration.login = { login }
        case .iam(let user):
            configuration.login = { try await clients?.cacheLogin(user: user, host: settings.destination.host) }
        }
        self.init(to: settings.destination, configuration, isCluster: settings.isCluster)
    }
}
