import Basics
import JSON

/// Decoding of lists of text and of ticket prices.
extension PayloadDecoder {
    /// Reads a list of text, or one text that is split at `|` if it contains one, otherwise at commas; blank and null elements
    /// are dropped.
    mutating func list(
        _ value: ScannedValue, _ field: FieldName, in bytes: Span<UInt8>, isLowercased: Bool
    ) throws(PayloadError) -> TextList? {
        let start = storage.items.count
        switch value.kind {
        case .string:
            let text = try keep(value, field, in: bytes)
            let separator = separator(of: text.range)
            var start = text.range.lowerBound
            while let part = nextPart(&start, before: text.range.upperBound, separator) {
                append(Text(trimmed(part)), isLowercased: isLowercased)
            }
        case .array:
            try forEachElement(of: value, in: bytes) { (decoder, element) throws(PayloadError) in
                guard element.kind != .null else { return }
                guard element.kind == .string else {
                    throw PayloadError(
                        .type, "\(decoder.name(of: field)): \(decoder.shown(element, in: bytes)) is not text")
                }
                let text = try decoder.keep(element, field, in: bytes)
                decoder.append(text, isLowercased: isLowercased)
            }
        default:
            throw PayloadError(.type, "\(name(of: field)): \(shown(value, in: bytes)) is not a list of text")
        }
        return storage.list(from: start)
    }

    private func separator(of range: Range<Int>) -> UInt8 {
        storage.bytes[range].contains(UInt8(ascii: "|")) ? UInt8(ascii: "|") : UInt8(ascii: ",")
    }

    /// Returns the part that begins at `start`, and moves `start` after the separator; returns nil at the end.
    ///
    /// Returns one range at a time: an array of ranges would be many times larger than a text of only separators, and slices
    /// would share the storage, so that the next write would copy all of it.
    private func nextPart(_ start: inout Int, before end: Int, _ separator: UInt8) -> Range<Int>? {
        guard start <= end else { return nil }
        let partEnd = storage.bytes.span.firstIndex(of: separator, in: start..<end) ?? end
        defer { start = partEnd + 1 }
        return start..<partEnd
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int> { WhiteSpace.trimmed(range, of: storage.bytes.span) }

    private mutating func append(_ text: Text, isLowercased: Bool) {
        guard text.count > 0 else { return }
        storage.items.append(isLowercased ? lowercased(text) : text)
    }

    /// Converts a text to lower case: in place if only ASCII letters change; otherwise appends a new text, because other
    /// letters can have longer lower-case forms.
    private mutating func lowercased(_ text: Text) -> Text {
        var hasUpper = false
        var position = text.range.lowerBound
        while position < text.range.upperBound {
            let byte = storage.bytes[position]
            if byte &- UInt8(ascii: "A") < 26 { hasUpper = true }
            // U+00DF to U+00FF, which most names with accents use, are lower-case letters or no letters.
            let isLatin = byte == 0xC3 && storage.bytes[position + 1] >= 0x9F
            if byte >= 0x80, !isLatin {
                return Text(storage.append(Array(storage.string(text).lowercased().utf8)))
            }
            position += isLatin ? 2 : 1
        }
        if hasUpper { storage.lowercaseASCII(text.range) }
        return text
    }

    /// Reads tiers and prices: an object, or a text such as `general:59.48|vip:148.7`.
    mutating func prices(
        _ value: ScannedValue, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) -> TicketPrices? {
        let start = storage.items.count
        var hasRefused = false
        switch value.kind {
        case .object: hasRefused = try prices(inObject: value, field, in: bytes)
        case .string: try prices(inText: value, field, in: bytes)
        default:
            throw PayloadError(
                .type, "\(name(of: field)): \(shown(value, in: bytes)) is not an object of tiers and prices")
        }
        if mayRepeatTiers(from: start) { removeRepeatedTiers(from: start) }
        if hasRefused { try checkRefused(from: start, field, in: bytes) }
        return storage.list(from: start).map(TicketPrices.init(pairs:))
    }

    /// Appends tiers and prices.
    ///
    /// For an invalid price it stores the range in `bytes`, because the last of duplicate keys counts, so that a later price
    /// can replace it.
    ///
    /// - Returns: Whether a price is invalid.
    private mutating func prices(
        inObject value: ScannedValue, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) -> Bool {
        var hasRefused = false
        try forEachMember(of: value, in: bytes) { (decoder, key, price) throws(PayloadError) in
            let tier = try decoder.keep(key, field, in: bytes)
            guard tier.count > 0 else { return }
            var number: Text
            do throws(PayloadError) { number = try decoder.price(price, field, in: bytes) } catch {
                hasRefused = true
                let offset = price.kind == .string ? price.start - 1 : price.start
                number = Text(start: UInt32(bitPattern: offset), count: Self.refusedCount)
            }
            decoder.storage.items.append(tier)
            decoder.storage.items.append(number)
        }
        return hasRefused
    }

    /// The count that marks an invalid price; no text has this length.
    private static var refusedCount: UInt32 { .max }

    /// Throws the error of the first invalid price that no later one replaced.
    private mutating func checkRefused(
        from start: Int, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) {
        var first: UInt32?
        for index in stride(from: start + 1, to: storage.items.count, by: 2)
        where storage.items[index].count == Self.refusedCount {
            first = min(first ?? .max, storage.items[index].start)
        }
        guard let first else { return }
        var scanner = JSONScanner(at: Int(first))
        let value: ScannedValue
        do throws(JSONError) { value = try FieldScanner.value(&scanner, in: bytes) } catch {
            throw PayloadError(.json, "data is not JSON: \(error)")
        }
        _ = try price(value, field, in: bytes)
    }

    /// Returns a price's digits; an empty text, which ``removeRepeatedTiers(from:)`` drops, if the price is absent.
    private mutating func price(
        _ price: ScannedValue, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) -> Text {
        guard isGiven(price, in: bytes) else { return Text(start: 0, count: 0) }
        let number = try keepNumber(price, field, in: bytes)
        if let problem = problem(ofPrice: number) {
            throw PayloadError(.range, "\(name(of: field)): \(shown(price, in: bytes)) \(problem)")
        }
        return number.text
    }

    private mutating func prices(
        inText value: ScannedValue, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) {
        let text = try keep(value, field, in: bytes)
        var start = text.range.lowerBound
        while let part = nextPart(&start, before: text.range.upperBound, UInt8(ascii: "|")) {
            let range = trimmed(part)
            guard !range.isEmpty else { continue }
            guard let colon = storage.bytes[range].lastIndex(of: UInt8(ascii: ":")) else {
                let shown = MessageText.shown(range, of: storage.bytes.span)
                throw PayloadError(.type, "\(name(of: field)): \"\(shown)\" is not a tier, a colon and a price")
            }
            let tier = trimmed(range.lowerBound..<colon)
            let price = trimmed(colon + 1..<range.upperBound)
            if tier.isEmpty { continue }
            if !price.isEmpty { try check(price, in: range, field) }
            storage.items.append(Text(tier))
            storage.items.append(Text(price))
        }
    }

    /// Checks a price.
    ///
    /// - Parameter part: The price with its tier, for messages.
    private func check(
        _ price: Range<Int>, in part: Range<Int>, _ field: FieldName
    ) throws(PayloadError) {
        var scanner = JSONScanner(at: price.lowerBound)
        guard (try? scanner.number(in: storage.bytes.span.extracting(0..<price.upperBound))) == price else {
            let shown = MessageText.shown(part, of: storage.bytes.span)
            throw PayloadError(.type, "\(name(of: field)): \"\(shown)\" has no number for a price")
        }
        if let problem = problem(ofPrice: Number(text: Text(price))) {
            let shown = MessageText.shown(part, of: storage.bytes.span)
            throw PayloadError(.range, "\(name(of: field)): \(shown) \(problem)")
        }
    }

    /// Returns the rule that a price violates; nil if it is allowed.
    private func problem(ofPrice price: Number) -> String? {
        let value = DecimalValue(price.text.range, of: storage.bytes.span)
        if value.isNegative, !value.isZero { return "is below 0" }
        return value.isRepresentable ? nil : Self.notRepresentable
    }

    /// Returns whether a tier may be repeated or have no price: compares all pairs if there are few tiers, otherwise returns
    /// true.
    private func mayRepeatTiers(from start: Int) -> Bool {
        let end = storage.items.count
        if end - start > 16 { return true }
        for index in start..<end where storage.items[index].count == 0 { return true }
        for index in stride(from: start, to: end, by: 2) {
            let tier = storage.items[index]
            for other in stride(from: start, to: index, by: 2) where storage.items[other].count == tier.count {
                if storage.bytes[storage.items[other].range] == storage.bytes[tier.range] { return true }
            }
        }
        return false
    }

    /// Keeps the last price of each tier, at the position of the first one, and drops tiers without a price.
    private mutating func removeRepeatedTiers(from start: Int) {
        var known = TextIndex(capacity: (storage.items.count - start) / 2)
        var end = start
        for index in stride(from: start, to: storage.items.count, by: 2) {
            let (tier, price) = (storage.items[index], storage.items[index + 1])
            storage.items[end] = tier
            let place = known.index(of: end, in: storage)
            storage.items[place + 1] = price
            if place == end { end += 2 }
        }
        var kept = start
        for index in stride(from: start, to: end, by: 2) where storage.items[index + 1].count > 0 {
            storage.items[kept] = storage.items[index]
            storage.items[kept + 1] = storage.items[index + 1]
            kept += 2
        }
        storage.items.removeLast(storage.items.count - kept)
    }
}

/// Iteration over containers in a payload that has been validated, so that errors cannot occur.
extension PayloadDecoder {
    private mutating func forEachElement(
        of array: ScannedValue, in bytes: Span<UInt8>, body: (inout Self, ScannedValue) throws(PayloadError) -> Void
    ) throws(PayloadError) {
        var scanner = JSONScanner(at: array.range.lowerBound)
        do {
            var goesOn = try scanner.openArray(in: bytes)
            while goesOn {
                try body(&self, try FieldScanner.value(&scanner, in: bytes))
                goesOn = try scanner.nextElement(in: bytes)
            }
        } catch let error as PayloadError {
            throw error
        } catch {
            throw PayloadError(.json, "data is not JSON: \(error)")
        }
    }

    mutating func forEachMember(
        of object: ScannedValue, in bytes: Span<UInt8>,
        body: (inout Self, ScannedValue, ScannedValue) throws(PayloadError) -> Void
    ) throws(PayloadError) {
        var scanner = JSONScanner(at: object.range.lowerBound)
        do {
            var key = try scanner.openObject(in: bytes)
            while let name = key {
                let keyValue = ScannedValue(name.range, .string, isEscaped: name.isEscaped)
                try body(&self, keyValue, try FieldScanner.value(&scanner, in: bytes))
                key = try scanner.nextKey(in: bytes)
            }
        } catch let error as PayloadError {
            throw error
        } catch {
            throw PayloadError(.json, "data is not JSON: \(error)")
        }
    }
}
