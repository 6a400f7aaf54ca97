package io.millrace.sample.orders;

/**
 * What a customer wants.
 *
 * @param customer orders of one customer stay in their order: it is the record's key
 */
record Order(String customer, String item) {}
