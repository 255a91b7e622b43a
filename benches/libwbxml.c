/* libwbxml over one document, many times, for benches/wbxml.rs: nanoseconds per
   conversion. The declarations are those of libwbxml 0.11's public interface
   (wbxml_conv.h), so that its headers need not be installed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct WBXMLConvWBXML2XML_s WBXMLConvWBXML2XML;
typedef struct WBXMLConvXML2WBXML_s WBXMLConvXML2WBXML;
int wbxml_conv_wbxml2xml_create(WBXMLConvWBXML2XML **conv);
int wbxml_conv_wbxml2xml_run(WBXMLConvWBXML2XML *conv, unsigned char *in, unsigned int length, unsigned char **out, unsigned int *out_length);
void wbxml_conv_wbxml2xml_destroy(WBXMLConvWBXML2XML *conv);
int wbxml_conv_xml2wbxml_create(WBXMLConvXML2WBXML **conv);
int wbxml_conv_xml2wbxml_run(WBXMLConvXML2WBXML *conv, unsigned char *in, unsigned int length, unsigned char **out, unsigned int *out_length);
void wbxml_conv_xml2wbxml_disable_public_id(WBXMLConvXML2WBXML *conv);
void wbxml_conv_xml2wbxml_destroy(WBXMLConvXML2WBXML *conv);

int main(int count, char **arguments) {
    if (count != 4) return 2;
    int to_xml = strcmp(arguments[1], "wbxml2xml") == 0;
    long times = atol(arguments[3]);
    FILE *file = fopen(arguments[2], "rb");
    if (!file) return 2;
    unsigned char *in = malloc(8 * 1024 * 1024);
    unsigned int length = fread(in, 1, 8 * 1024 * 1024, file);
    fclose(file);
    WBXMLConvWBXML2XML *one = NULL;
    WBXMLConvXML2WBXML *other = NULL;
    if (to_xml ? wbxml_conv_wbxml2xml_create(&one) : wbxml_conv_xml2wbxml_create(&other)) return 1;
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (long nth = 0; nth < times; nth++) {
        unsigned char *out = NULL;
        unsigned int out_length = 0;
        int failed = to_xml ? wbxml_conv_wbxml2xml_run(one, in, length, &out, &out_length)
                            : wbxml_conv_xml2wbxml_run(other, in, length, &out, &out_length);
        if (failed || !out) return 1;
        free(out);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    double spent = (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
    printf("%.0f\n", spent / times);
    return 0;
}
