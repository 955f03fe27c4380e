import Synchronization

/// A pool of idle clients: each client sends one request at a time, and concurrent invocations must not wait for each other.
final class ClientPool<Client: Sendable>: Sendable {
    private let idle = Mutex<[Client]>([])
    private let make: @Sendable () -> Client

    init(_ make: @escaping @Sendable () -> Client) { self.make = make }

    func take() -> Client { idle.withLock { $0.popLast() } ?? make() }

    func giveBack(_ client: Client) { idle.withLock { $0.append(client) } }
}
