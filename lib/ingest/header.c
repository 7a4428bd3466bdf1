#include "ingest/header.h"
#include "base/attr.h"
#include "record/schema.h"

#define NAMES_MAX 10

/* Best first. Sources: the Fraud Detection Handbook, Sparkov, PaySim, common payment APIs and bank exports.
 */
static const char *const known[SS_FIRST_MEMBER][NAMES_MAX] = {
    [SS_TXN_ID] = {"txnid", "transactionid", "transid", "transnum", "txid", "tranid", "paymentid",
                   "transactionreference"},
    [SS_TIMESTAMP] = {"timestamp", "transactiontimestamp", "txdatetime", "transdatetranstime",
                      "transactiondatetime", "transactiontime", "datetime", "purchasetime", "unixtime",
                      "time"},
    [SS_USER_ID] = {"userid", "customerid", "custid", "clientid", "customer", "user"},
    [SS_AMOUNT] = {"amount", "txamount", "transactionamount", "transactionamt", "amt", "purchasevalue"},
    [SS_CURRENCY] = {"currency", "currencycode"},
    [SS_CARD_ID] = {"cardid", "ccnum", "cardnumber", "cardno", "card"},
    [SS_ACCOUNT_ID] = {"accountid", "accountnumber", "accountno", "account"},
    [SS_MERCHANT_ID] = {"merchantid", "terminalid", "merchant", "merchantname"},
    [SS_DEVICE_ID] = {"deviceid", "device"},
    [SS_IP] = {"ip", "ipaddress", "ipaddr"},
    [SS_EMAIL] = {"email", "emailaddress"},
    [SS_CATEGORY] = {"category", "merchantcategory", "merchantcategorycode", "mcc"},
    [SS_LOCATION] = {"location"},
    [SS_COUNTRY] = {"country", "countrycode"},
    [SS_LAT] = {"lat", "merchlat", "latitude"},
    [SS_LON] = {"lon", "merchlong", "merchlon", "longitude", "lng", "long"},
    [SS_CHANNEL] = {"channel"},
    [SS_LABEL] = {"label", "isfraud", "txfraud", "fraud", "fraudlabel", "class"},
    [SS_TYPE] = {"type"},
};

static bool same_name(const char *known_name, struct ss_str column)
{
    for (size_t i = 0; i < column.n; i++) {
        char c = column.p[i];
        if (c == '_' || c == '-' || c == ' ' || c == '.')
            continue;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c == '\0' || c != *known_name++) /* a NUL in a column must not meet the one that ends the name */
            return false;
    }
    return *known_name == '\0';
}

int ss_header_rank(int slot, struct ss_str column)
{
    for (int i = 0; i < NAMES_MAX && known[slot][i]; i++)
        if (same_name(known[slot][i], column))
            return i + 1;
    return 0;
}
